"""A PyTorch trainer as many are: torch.save after each epoch, --resume from the newest file. Its steps are as long as those of
the quickstart. Besides: epoch_info.json, heartbeats, the batches to leave out and standing by (the contract of supervise), and a
diary of its steps.

--save-steps n saves inside an epoch too. --framework lightning leaves loop, checkpoints and resume to Lightning.
"""

import argparse
import json
import math
import os
import sys
import time

import torch

parser = argparse.ArgumentParser()
parser.add_argument("--folder", required=True)
parser.add_argument("--epochs", type=int, default=100000)
parser.add_argument("--steps", type=int, default=120)
parser.add_argument("--step-ms", type=float, default=100)
parser.add_argument("--save-steps", type=int, default=0)
parser.add_argument("--framework", default="torch")
parser.add_argument("--resume", action="store_true")
args = parser.parse_args()

torch.manual_seed(0)
torch.set_num_threads(1)
CHECKPOINTS = os.path.join(args.folder, "checkpoints")
HEARTBEAT = os.environ.get("SUPERVISE_HEARTBEAT")
ATTEMPT = int(os.environ.get("SUPERVISE_ATTEMPT", "1"))
# cpu, or cuda for the card.
DEVICE = os.environ.get("GOODPUT_DEVICE", "cpu")
SKIP = os.environ.get("SUPERVISE_SKIP_STEPS", "").split(",")


def replace(path, value):
    with open(path + ".new", "w") as file:
        json.dump(value, file)
    os.replace(path + ".new", path)


def stand_by():
    """A spare warms up with a step of its own, then waits until it is needed; it writes nothing before that, and leaves the card alone."""
    model, optimizer = build("cpu")
    loss_of(model, 1, 1, time.monotonic()).backward()
    optimizer.step()
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    args.resume = json.loads(line)["resume"]
    torch.manual_seed(0)


def note(epoch, step, started):
    ended = time.monotonic()
    line = {"epoch": epoch, "step": step, "at_ms": ended * 1000, "step_ms": (ended - started) * 1000, "pid": os.getpid()}
    diary.write(json.dumps(line) + "\n")
    if HEARTBEAT:
        beat = {"attempt": ATTEMPT, "pid": os.getpid(), "phase": "train"}
        replace(HEARTBEAT, beat | {"epoch": epoch, "step": step, "steps_per_epoch": args.steps})


def build(device=DEVICE):
    model = torch.nn.Sequential(torch.nn.Linear(512, 512), torch.nn.ReLU(), torch.nn.Linear(512, 512)).to(device)
    return model, torch.optim.Adam(model.parameters(), lr=1e-4)


def loss_of(model, epoch, step, started):
    """Works until a step's time is over, so that a step is as long here as in the trainer it is compared with."""
    generator = torch.Generator().manual_seed(epoch * 100000 + step)
    batch = torch.randn(256, 512, generator=generator).to(next(model.parameters()).device)
    loss = (model(batch) - batch).pow(2).mean()
    while (time.monotonic() - started) * 1000 < args.step_ms - 5:
        (batch @ batch.T).max().item()
    poisoned = os.path.exists(os.path.join(args.folder, "poison")) and step == args.steps // 2
    return loss * math.nan if poisoned else loss


def name_of(place):
    """ckpt-3.pt: epoch 3 is done; ckpt-4-60.pt: 60 steps of epoch 4 are."""
    epoch, steps = place
    return f"ckpt-{epoch}-{steps}.pt" if steps else f"ckpt-{epoch - 1}.pt"


def place_of(name):
    """The epoch to go on with, and how many of its steps are done."""
    epoch, *steps = map(int, name[5:-3].split("-"))
    return (epoch, steps[0]) if steps else (epoch + 1, 0)


def save(saved, place, model, optimizer):
    """Two of them are kept."""
    epoch, steps = place
    # Ballast makes the file as large as a real one.
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "ballast": torch.ones(1 << 20)}
    torch.save(state, os.path.join(CHECKPOINTS, name_of(place)))
    info = {"last_completed_epoch": epoch - 1, "total_epochs": args.epochs}
    if steps:
        info["partial"] = {"epoch": epoch, "step": steps, "checkpoint": name_of(place)}
    else:
        info["checkpoint"] = name_of(place)
    replace(os.path.join(CHECKPOINTS, "epoch_info.json"), info)
    for old in saved[:-1]:
        os.unlink(os.path.join(CHECKPOINTS, name_of(old)))
    return [*saved[-1:], place]


def train():
    model, optimizer = build()
    saved = sorted(place_of(name) for name in os.listdir(CHECKPOINTS) if name.startswith("ckpt-"))
    first, done = saved[-1] if args.resume and saved else (1, 0)
    if args.resume and saved:
        state = torch.load(os.path.join(CHECKPOINTS, name_of(saved[-1])), map_location=DEVICE)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    for epoch in range(first, args.epochs + 1):
        for step in range(done + 1, args.steps + 1):
            if f"{epoch}:{step - 1}" in SKIP:
                continue
            started = time.monotonic()
            optimizer.zero_grad()
            loss = loss_of(model, epoch, step, started)
            if not torch.isfinite(loss):
                raise FloatingPointError(f"loss is nan at epoch {epoch}, step {step}")
            loss.backward()
            optimizer.step()
            note(epoch, step, started)
            if args.save_steps and step % args.save_steps == 0 and step < args.steps:
                saved = save(saved, (epoch, step), model, optimizer)
        saved = save(saved, (epoch + 1, 0), model, optimizer)
        done = 0


def train_with_lightning():
    import lightning
    from lightning.pytorch.callbacks import ModelCheckpoint

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.model, self.optimizer = build()

        def configure_optimizers(self):
            return self.optimizer

        def training_step(self, batch, index):
            self.started = time.monotonic()
            return loss_of(self.model, self.current_epoch + 1, index + 1, self.started)

        def on_train_batch_end(self, outputs, batch, index):
            note(self.current_epoch + 1, index + 1, self.started)

    keep = ModelCheckpoint(dirpath=CHECKPOINTS, save_last=True, save_top_k=1)
    trainer = lightning.Trainer(
        max_epochs=args.epochs, accelerator="cpu" if DEVICE == "cpu" else "gpu", logger=False, callbacks=[keep], enable_progress_bar=False
    )
    loader = torch.utils.data.DataLoader(torch.arange(args.steps), batch_size=1)
    trainer.fit(Module(), loader, ckpt_path="last")


if os.environ.get("SUPERVISE_STANDBY"):
    stand_by()
os.makedirs(CHECKPOINTS, exist_ok=True)
diary = open(os.path.join(args.folder, "steps.jsonl"), "a", buffering=1)
if args.framework == "lightning":
    train_with_lightning()
else:
    train()
