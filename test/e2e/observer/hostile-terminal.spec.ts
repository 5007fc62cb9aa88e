import { connect, type Socket } from 'node:net';
import { eventually } from '../../support/eventually';
import { runHere } from './command';
import { ATTACKS, HostileNode, KEYS, NAME } from './hostile-node';
import { ObservedCluster } from './observed-cluster';

/** What a terminal obeys instead of showing it, but for the ends of lines; and what turns the direction of writing. */
// oxlint-disable-next-line no-control-regex -- they are what it looks for
const OBEYED = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/u;
const VERBS: readonly (readonly string[])[] = [
  ['nodes'],
  ['node', 'ada'],
  ['node', NAME],
  ['scopes'],
  ['keys', 'docs'],
  ['keys', 'docs', '--node', NAME],
  ['get', 'docs', JSON.stringify(KEYS[1])],
  ['get', 'docs', JSON.stringify(KEYS[0])],
  ['top', '--rounds', '1'],
  ['ps'],
  ['ps', NAME],
  ['names'],
  ['entities'],
  ['explain', 'docs', JSON.stringify(KEYS[1])],
  ['ping'],
  ['doctor'],
];
const MOST_CHARS = 5_000_000;
const LONG_MS = 240_000;
/** What a node in such a flood may come to hold. All events of the flood would be 480 MB for sixteen readers. */
const MOST_BYTES = 250_000_000;
/** As many as one page serves. */
const READERS = 16;

describe('in a cluster with a hostile node', () => {
  let cluster: ObservedCluster;
  let evil: HostileNode;
  beforeAll(async () => {
    cluster = await ObservedCluster.start({ names: ['ada', 'bob'] });
    evil = await HostileNode.start(cluster.broker);
    await eventually(async () => (await cluster.ask('ada', 'count')) === KEYS.length);
  });
  afterAll(async () => {
    await evil?.stop();
    await cluster?.stop();
  });

  it.each(Object.keys(ATTACKS))(
    'a terminal obeys nothing that the command shows, and it shows the others, if that answers %s',
    async (name) => {
      evil.attack = name;
      evil.asked = 0;
      const faults: string[] = [];
      for (const verb of VERBS) {
        for (const form of [[], ['--json']]) {
          // oxlint-disable-next-line no-await-in-loop -- one after the other
          const { status, stdout, stderr } = await runHere([
            ...verb,
            ...form,
            '--server',
            cluster.broker,
            '--timeout',
            '500',
          ]);
          const run = `${verb[0]} ${form.join('')}`;
          const found = OBEYED.exec(stdout + stderr)?.[0].codePointAt(0);
          if (found !== undefined) faults.push(`${run} writes U+${found.toString(16)}`);
          if (status === null || status > 2 || (status === 2 && stderr === ''))
            faults.push(`${run} ends with ${status}: ${stderr.slice(0, 200)}`);
          if (stdout.length + stderr.length > MOST_CHARS)
            faults.push(`${run} writes ${stdout.length + stderr.length} characters`);
          if (verb[0] === 'nodes' && !(stdout.includes('ada') && stdout.includes('bob')))
            faults.push(`${run} does not show ada and bob`);
        }
      }
      expect(faults).toEqual([]);
      expect(evil.asked).toBeGreaterThan(5);
    },
    LONG_MS,
  );

  it('a page lives with sixteen readers of events that never read, and ends within 500 ms all the same', async () => {
    const { hostname, port, pathname } = new URL(cluster.url('ada'));
    const sockets: Socket[] = [];
    for (let reader = 0; reader < READERS; reader += 1) {
      const socket = connect({ host: hostname, port: Number(port) });
      sockets.push(socket);
      socket.on('error', () => undefined).pause();
      socket.write(`GET ${pathname}/api/events?scope=docs HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`);
    }
    // All are open when the next one is refused.
    await eventually(async () => {
      const response = await fetch(`${cluster.url('ada')}/api/events`);
      await response.body?.cancel();
      return response.status === 503;
    });
    const before = (await cluster.ask('ada', 'memory')) as number;
    await cluster.ask('ada', 'flood', 10_000);
    let entries = 0;
    const until = performance.now() + 10_000;
    while (performance.now() < until) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const response = await fetch(`${cluster.url('ada')}/api/entries?scope=docs&limit=5`);
      // oxlint-disable-next-line no-await-in-loop
      entries += ((await response.json()) as { entries: readonly unknown[] }).entries.length;
    }
    await cluster.ask('ada', 'stopFlood');
    expect(entries).toBeGreaterThan(5);
    expect(((await cluster.ask('ada', 'memory')) as number) - before).toBeLessThan(MOST_BYTES);
    expect(await cluster.ask('ada', 'close')).toBeLessThan(500);
    for (const socket of sockets) socket.destroy();
  }, 60_000);
});
