import { describe, expect, test } from 'vitest';
import type { ExitStatus } from '../../src/protocol/index.js';
import { classify } from '../../src/supervisor/classify.js';
import { messageOf, selectKernelLines } from '../../src/supervisor/kernel-lines.js';

const about = { pids: [13307, 13312], disks: ['sda1', 'sda', 'nvme0n1'] };

describe('a line of the kernel concerns the attempt', () => {
  test.each<[string, string, boolean]>([
    [
      'a process of ours that was killed for memory',
      'Memory cgroup out of memory: Killed process 13307 (node) total-vm:1024880kB, anon-rss:8092kB, file-rss:39628kB, shmem-rss:0kB, UID:0 pgtables:536kB oom_score_adj:0',
      true,
    ],
    [
      'and that of the whole machine',
      'Out of memory: Killed process 13312 (python3) total-vm:98213312kB, anon-rss:64218880kB, file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:130212kB oom_score_adj:0',
      true,
    ],
    [
      'somebody else who was',
      'Out of memory: Killed process 4711 (chrome) total-vm:8213312kB, anon-rss:218880kB, file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:1212kB oom_score_adj:300',
      false,
    ],
    [
      'a segfault of ours',
      'python[13307]: segfault at 10 ip 00007f5f3c1d2a44 sp 00007ffd7c5a3b10 error 4 in libtorch_cpu.so[7f5f38a00000+e1c6000]',
      true,
    ],
    [
      'a segfault of somebody else',
      'cups-browsed[812]: segfault at 8 ip 00007f21b1c1 sp 00007ffc error 4 in libcups.so.2',
      false,
    ],
    [
      'an illegal instruction',
      'traps: node[13307] trap invalid opcode ip:55d0c8a4f2d1 sp:7ffe1f6d7f08 error:0 in node[55d0c83f5000+1c3a000]',
      true,
    ],
    [
      'a protection fault',
      'traps: python3[13312] general protection fault ip:7f7d9c sp:7ffdbe error:0 in libc.so.6',
      true,
    ],
    [
      'an Xid of ours',
      'NVRM: Xid (PCI:0000:3b:00): 31, pid=13307, name=python, Ch 00000008, intr 00000000. MMU Fault',
      true,
    ],
    ['an Xid of somebody else', 'NVRM: Xid (PCI:0000:3b:00): 31, pid=4711, name=python, Ch 00000008, intr 0000', false],
    [
      'the cleanup of a process that was killed',
      "NVRM: Xid (PCI:0000:3b:00): 45, pid='13307', name=python, Ch 00000008",
      false,
    ],
    [
      'a GPU that is gone',
      "NVRM: Xid (PCI:0000:af:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.",
      true,
    ],
    [
      'a GPU whose own processor hangs',
      'NVRM: Xid (PCI:0000:c1:00): 119, pid=4711, name=nvidia-smi, Timeout waiting for RPC from GSP!',
      true,
    ],
    [
      'a disk of ours',
      'blk_update_request: I/O error, dev sda, sector 1953522688 op 0x1:(WRITE) flags 0x800 phys_seg 1 prio class 0',
      true,
    ],
    [
      'a disk of ours, as newer kernels have it',
      'critical medium error, dev nvme0n1, sector 423264 op 0x0:(READ) flags 0x80700 phys_seg 4 prio class 2',
      true,
    ],
    ['a buffer of a part of it', 'Buffer I/O error on dev sda1, logical block 243, lost async page write', true],
    [
      'its file system',
      'EXT4-fs error (device sda1): ext4_find_entry:1455: inode #2: comm node: reading directory lblock 0',
      true,
    ],
    ['its file system, from now on', 'EXT4-fs (sda1): Remounting filesystem read-only', true],
    ['that it was mounted', 'EXT4-fs (sda1): mounted filesystem with ordered data mode. Quota mode: none.', false],
    ['another file system', 'XFS (nvme0n1): log I/O error -5', true],
    [
      'a disk of somebody else',
      'blk_update_request: I/O error, dev sdq, sector 19535 op 0x1:(WRITE) flags 0x800',
      false,
    ],
    ['a USB stick', 'usb 1-2: new high-speed USB device number 4 using xhci_hcd', false],
  ])('%s', (_, line, isOurs) => {
    const record = `3,2067,13311306426,-;${line}\n SUBSYSTEM=block\n DEVICE=b8:0\n`;
    expect(messageOf(record)).toBe(line);
    expect(selectKernelLines(['', line], about)).toEqual(isOurs ? [line] : []);
  });

  test('no more than four lines, of bounded length, whatever the log holds', () => {
    const line = `python[13307]: segfault at ${'1'.repeat(10_000)}`;
    const found = selectKernelLines(
      Array.from({ length: 50 }, () => messageOf(`3,1,1,-;${line}`)),
      about,
    );
    expect(found).toHaveLength(4);
    expect(found[0]?.length).toBe(300);
    for (const text of ['', 'x', ';', '3,1,1', '\u0000\uffff']) expect(messageOf(text)).toBe('');
  });
});

describe('what the kernel tells', () => {
  const by = (signal: NodeJS.Signals): ExitStatus => ({ code: null, signal });
  const exit = (code: number): ExitStatus => ({ code, signal: null });
  const oom = 'Memory cgroup out of memory: Killed process 13307 (node) total-vm:1024880kB';
  const gone = "NVRM: Xid (PCI:0000:af:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.";
  const fault = 'NVRM: Xid (PCI:0000:3b:00): 31, pid=13307, name=python, MMU Fault';
  const broken = 'Buffer I/O error on dev sda1, logical block 243, lost async page write';
  const segfault = 'python[13307]: segfault at 10 ip 00007f5f3c1d2a44 sp 00007ffd7c5a3b10 error 4';
  const failed = 'RuntimeError: CUDA error: unspecified launch failure';
  test.each<[string, ExitStatus, string[], string[], string]>([
    ['a kill for memory', by('SIGKILL'), [], [oom], 'host-memory'],
    ['a kill for memory of a child', exit(137), [], [oom], 'host-memory'],
    ['a kill, and nothing', by('SIGKILL'), [], [], 'killed'],
    ['a GPU that is gone, of which the trainer says that it failed', exit(1), [failed], [gone], 'gpu-lost'],
    ['a fault of the GPU, of which the trainer says nothing', by('SIGABRT'), [], [fault], 'gpu-fault'],
    [
      'a GPU that is gone, beside a cause that the trainer names',
      exit(1),
      ["ModuleNotFoundError: No module named 'x'"],
      [gone],
      'code',
    ],
    ['a broken disk, of which a mapped file tells by a signal', by('SIGBUS'), [], [broken], 'disk-fault'],
    ['a segfault', by('SIGSEGV'), [], [segfault], 'segfault'],
    ['anything, and the trainer saved and asks to be relaunched', exit(75), [], [gone], 'preempted'],
  ])('%s', (_, status, logTail, kernelLines, expected) => {
    const failure = classify(status, { logTail, oomKills: 0, kernelLines });
    expect(failure.class).toBe(expected);
    for (const line of kernelLines) expect(failure.evidence).toContain(`kernel: ${line}`);
  });
});
