"""
One case of the bench in PyTorch: worker_torch.py <case> <eager|compiled> [cuda [fp32]]. The same networks and step as ours.
Left to itself PyTorch rounds what convolutions multiply to 10 bits on a card (TF32); with fp32 it does not.
"""

import json, pathlib, sys, time

import torch
from torch import nn
from torch.nn import functional as F

case = json.loads((pathlib.Path(__file__).parent / "cases.json").read_text())[sys.argv[1]]
f, depth, H, W, B = (case[key] for key in ("filters", "depth", "height", "width", "batch"))
device = sys.argv[3] if len(sys.argv) > 3 else "cpu"
torch.backends.cudnn.allow_tf32 = "fp32" not in sys.argv[4:]
torch.manual_seed(0)
leaky = lambda x: F.leaky_relu(x, 0.2)


class Block(nn.Module):
    def __init__(self, inputs, filters):
        super().__init__()
        self.conv0 = nn.Conv2d(inputs, filters, 3, padding=1, bias=False)
        self.norm0 = nn.BatchNorm2d(filters, eps=1e-3, momentum=0.1)
        self.conv1 = nn.Conv2d(filters, filters, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(filters, eps=1e-3, momentum=0.1)
        self.shortcut = nn.Conv2d(inputs, filters, 1, bias=False)

    def forward(self, x):
        return leaky(self.norm1(self.conv1(leaky(self.norm0(self.conv0(x)))))) + self.shortcut(x)


class Unet(nn.Module):
    def __init__(self):
        super().__init__()
        widths = [f * 2**level for level in range(depth + 1)]
        self.enc = nn.ModuleList(Block(widths[i - 1] if i else 1, width) for i, width in enumerate(widths))
        self.up = nn.ModuleList(nn.Conv2d(2 * width, width, 1, bias=False) for width in widths[:-1])
        self.dec = nn.ModuleList(Block(2 * width, width) for width in widths[:-1])
        self.head = nn.Conv2d(f, 1, 1)

    def forward(self, degraded):
        x, skips = 1 - degraded, []
        for level, block in enumerate(self.enc):
            x = block(x if level == 0 else F.avg_pool2d(x, 2))
            skips.append(x)
        for level in reversed(range(depth)):
            x = self.dec[level](torch.cat([F.interpolate(self.up[level](x), scale_factor=2), skips[level]], 1))
        return torch.sigmoid(self.head(x) + (degraded - 0.5) * 8)


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        widths = [1, f, 2 * f, 4 * f]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in zip(widths, widths[1:]))
        self.dense = nn.Linear(H // 8 * (W // 8) * 4 * f, 32)
        self.embed, self.lstm = nn.Embedding(11, 16), nn.LSTM(16, 32, batch_first=True)
        self.join, self.drop, self.logit = nn.Linear(64, 32), nn.Dropout(0.3), nn.Linear(32, 1)

    def forward(self, image, text):
        x = 1 - image
        for conv in self.convs:
            x = leaky(conv(x))
        read = self.lstm(self.embed(text))[0][:, -1]
        return self.logit(self.drop(leaky(self.join(torch.cat([leaky(self.dense(x.flatten(1))), read], 1)))))


class Reader(nn.Module):
    stages = ((1, 16, None), (16, 32, (2, 2)), (32, 48, (2, 2)), (48, 64, (2, 1)))

    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b, _ in self.stages)
        self.column, self.logits = nn.Linear(H // 8 * 64, 64), nn.Linear(96, 11)
        self.lstm = nn.LSTM(64, 48, batch_first=True, bidirectional=True)

    def forward(self, image):
        x = 1 - image
        for conv, (_, _, pool) in zip(self.convs, self.stages):
            x = leaky(conv(x if pool is None else F.avg_pool2d(x, pool)))
        columns = x.permute(0, 3, 2, 1).flatten(2)
        return x, self.logits(self.lstm(leaky(self.column(columns)))[0])


channels_last = lambda module: module.to(device, memory_format=torch.channels_last)
G = channels_last(Unet())
networks = [G]
adam = torch.optim.Adam(G.parameters(), 2e-4, betas=(0.5, 0.999), eps=1e-7)
image = lambda: torch.rand(B, 1, H, W).to(device, memory_format=torch.channels_last)
degraded, clean = image(), image()
labels = torch.tensor([[(line + 3 * i) % 10 for i in range(6)] for line in range(B)], device=device)

if case["gan"]:
    D, R = channels_last(Critic()), channels_last(Reader()).requires_grad_(False)
    networks.append(D)
    sgd = torch.optim.SGD(D.parameters(), 2e-4, momentum=0.9)
    bce = lambda logits, target: F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))
    steps, lengths = torch.full((B,), W // 4), torch.full((B,), 6)

    def losses_g():
        text = labels + 1
        restored = G(degraded)
        seen, logits = R(restored)
        features = R(clean)[0]
        ctc = F.ctc_loss(logits.log_softmax(2).transpose(0, 1), labels, steps, lengths, blank=10, reduction="sum") / B
        verdict = bce(D(restored, text), 1.0)
        return 200 * (restored - clean).abs().mean() + 5 * F.mse_loss(seen, features) + 0.5 * ctc + 0.5 * verdict, restored

    def loss_d(restored):
        text = labels + 1
        verdicts = D(torch.cat([clean, restored]), torch.cat([text, text]))
        return bce(verdicts[:B], 0.9) + bce(verdicts[B:], 0.0)

else:
    losses_g = lambda: (200 * (G(degraded) - clean).abs().mean(), None)

if sys.argv[2] == "compiled":
    losses_g = torch.compile(losses_g)
    if case["gan"]:
        loss_d = torch.compile(loss_d)


def update(optimizer, network):
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()


def take_step():
    started = time.perf_counter()
    adam.zero_grad()
    loss, restored = losses_g()
    loss.backward()
    if case["gan"]:
        sgd.zero_grad()
        judged = loss_d(restored.detach())
        judged.backward()
        update(sgd, D)
        judged.item()
    update(adam, G)
    value = loss.item()
    return (time.perf_counter() - started) * 1e3, value


first, _ = take_step()
# Steps that take long need less warming up.
step_ms, _ = take_step()
for _ in range(3):
    if step_ms < 2000:
        step_ms, _ = take_step()
count = sum(p.numel() for network in networks for p in network.parameters())
print(json.dumps({"ready": True, "parameters": count, "device": f"PyTorch {torch.__version__} on {torch.cuda.get_device_name() if device == 'cuda' else 'CPU'}", "firstMs": first, "stepMs": step_ms}), flush=True)
for line in sys.stdin:
    taken = [take_step() for _ in range(int(line))]
    print(json.dumps({"times": [ms for ms, _ in taken], "loss": taken[-1][1]}), flush=True)
