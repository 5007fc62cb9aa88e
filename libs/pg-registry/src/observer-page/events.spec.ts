import { type CanActivate, Injectable, Scope } from '@nestjs/common';
import { eventually } from '../../../../test/support/eventually';
import type { ChangeFact } from '../observer';
import {
  type Adapter,
  EventReader,
  type PageApplication,
  PageApplications,
} from './page-application.fixture';

const EVENTS = '/pg-registry/api/events';
interface Batch {
  readonly events: readonly ChangeFact[];
  readonly skipped: number;
}

describe.each<Adapter>(['express', 'fastify'])('the stream of events, on %s', (adapter) => {
  let applications: PageApplications;
  beforeEach(() => {
    applications = new PageApplications();
  });
  afterEach(() => applications.closeAll());

  const read = async (app: PageApplication, query = '', headers = {}): Promise<EventReader> =>
    new EventReader(await app.get(EVENTS + query, headers));

  it('begins with whose life it tells of, and numbers events in it', async () => {
    const app = await applications.start({ adapter, node: { node: 'node1' } });
    const { incarnation } = app.node;
    const response = await app.get(`${EVENTS}?scope=pg`);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    const reader = new EventReader(response);
    expect(await reader.next()).toMatchObject({
      type: 'begin',
      data: { node: 'node1', incarnation, resumed: false },
    });
    app.node.scope('pg').register('key', 1);
    const event = await reader.next();
    const { events, skipped } = event!.data as Batch;
    expect(events).toMatchObject([{ type: 'join', keyText: "'key'", cause: 'call' }]);
    expect(skipped).toBe(0);
    expect(event?.id).toBe(`${incarnation}-${events[0].number}`);
    await reader.close();

    const again = await read(app, '', { 'last-event-id': event!.id });
    expect((await again.next())?.data).toMatchObject({ resumed: true });
    const other = await read(app, '', { 'last-event-id': `0123456789abcdef-${events[0].number}` });
    expect((await other.next())?.data).toMatchObject({ resumed: false });
    await Promise.all([again.close(), other.close()]);
  });

  it('shows a sample of a flood, and counts the rest', async () => {
    const app = await applications.start({ adapter });
    const reader = await read(app);
    await reader.next();
    for (let i = 0; i < 5000; i += 1) app.node.scope('pg').register(`key-${i}`, i);
    let seen = 0;
    let shown = 0;
    while (seen < 5000) {
      // One batch after the other.
      // oxlint-disable-next-line no-await-in-loop
      const { events, skipped } = (await reader.next())!.data as Batch;
      expect(events.length).toBeLessThanOrEqual(60);
      shown += events.length;
      seen += events.length + skipped;
    }
    expect(seen).toBe(5000);
    expect(shown).toBeGreaterThanOrEqual(60);
    await reader.close();
  });

  it('is refused when 16 are open, and open again when one has gone', async () => {
    const app = await applications.start({ adapter });
    const readers = await Promise.all(Array.from({ length: 16 }, () => read(app)));
    await Promise.all(readers.map((reader) => reader.next()));
    const refused = await app.get(EVENTS);
    expect(refused.status).toBe(503);
    expect(await refused.text()).toContain('16 streams of events are open already');
    await readers.pop()?.close();
    await eventually(async () => {
      const response = await app.get(EVENTS);
      if (response.status === 200) readers.push(new EventReader(response));
      else await response.text();
      return response.status === 200;
    });
    await Promise.all(readers.map((reader) => reader.close()));
  });

  it('ends with its application, within 500 ms with three open', async () => {
    const app = await applications.start({ adapter });
    const readers = await Promise.all(['', '?scope=pg', '?scope=pg&key=x'].map((query) => read(app, query)));
    await Promise.all(readers.map((reader) => reader.next()));
    const before = performance.now();
    await app.nest.close();
    expect(performance.now() - before).toBeLessThan(500);
    expect(await Promise.all(readers.map((reader) => reader.next()))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('ends with its application although a guard is made anew for each request', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class LetsIn implements CanActivate {
      canActivate(): boolean {
        return true;
      }
    }
    const app = await applications.start({ adapter, page: { guards: [LetsIn] } });
    const reader = await read(app);
    await reader.next();
    const before = performance.now();
    await app.nest.close();
    expect(performance.now() - before).toBeLessThan(500);
    expect(await reader.next()).toBeUndefined();
  });

  it('tells of another node, and says when there is none', async () => {
    const app = await applications.start({ adapter, node: { node: 'node1' } });
    const other = await applications.start({ adapter, node: { node: 'node2' } });
    const reader = await read(app, '?node=node2&scope=pg');
    expect((await reader.next())?.data).toMatchObject({ node: 'node2', incarnation: other.node.incarnation });
    other.node.scope('pg').register('there', 1);
    expect((await reader.next())?.data).toMatchObject({ events: [{ keyText: "'there'", cause: 'call' }] });
    await reader.close();
    const response = await app.get(`${EVENTS}?node=nobody`);
    expect(response.status).toBe(502);
  });
});
