import { describe, expect, it } from 'vitest';
import type { RemoteOrder } from '../../../src/checkpoint/remote/remote-order.js';
import { startRemoteWork } from '../../../src/supervisor/shell/remote-process.js';

const order = { kind: 'push', run: 'x', directory: '/nowhere' } as unknown as RemoteOrder;
const start = (script: string, stallMs?: number) =>
  startRemoteWork([process.execPath, '-e', script], order, undefined, stallMs);
const forever = 'setInterval(() => undefined, 1000);';

describe('work at a store in a process apart', () => {
  it('has failed when the process dies, with or without a word', async () => {
    expect(await start('process.exit(3)').ended).toEqual({
      type: 'failed',
      reason: expect.stringContaining('exit code 3'),
    });
    const killed = await start('process.kill(process.pid, "SIGKILL")').ended;
    expect(killed).toEqual({ type: 'failed', reason: expect.stringContaining('SIGKILL') });
    expect(await startRemoteWork(['/no/such/program'], order).ended).toMatchObject({ type: 'failed' });
  });

  it('gets its order on standard input, and no token of the run', async () => {
    process.env['SUPERVISE_TOKEN'] = 'secret-token';
    const script = `process.stdin.once('data', (text) => { const { run } = JSON.parse(text);
      console.log(JSON.stringify({ type: 'failed', reason: run + process.env.SUPERVISE_TOKEN })); process.exit(); });`;
    expect(await start(script).ended).toEqual({ type: 'failed', reason: 'xundefined' });
    delete process.env['SUPERVISE_TOKEN'];
  });

  it('has failed when it tells nothing for long, and not while it tells of progress', async () => {
    expect(await start(forever, 150).ended).toEqual({
      type: 'failed',
      reason: expect.stringContaining('no sign of progress'),
    });
    const lively = `let n = 0; setInterval(() => { console.log('{"type":"progress"}'); if (++n > 12) process.exit(4); }, 100);`;
    expect(await start(lively, 1000).ended).toEqual({ type: 'failed', reason: expect.stringContaining('exit code 4') });
  });

  it('is broken off within seconds, whatever it does', async () => {
    const begin = performance.now();
    const work = start(`process.stdin.on('end', () => undefined).resume(); ${forever}`);
    await work.cancel();
    expect(await work.ended).toEqual({ type: 'failed', reason: expect.stringContaining('SIGKILL') });
    expect(performance.now() - begin).toBeLessThan(10_000);
  });
});
