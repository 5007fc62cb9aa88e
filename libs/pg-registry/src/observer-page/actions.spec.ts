import { Injectable } from '@nestjs/common';
import { firstValueFrom } from 'rxjs';
import { eventually } from '../../../../test/support/eventually';
import { HandleCall, RegisterVia } from '../nest';
import type { Pid } from '../term';
import { type Adapter, type PageApplication, PageApplications } from './page-application.fixture';

@Injectable()
@RegisterVia('pg', 'greeter')
class Greeter {
  @HandleCall()
  greet(name: string): string {
    return `Hello ${name}`;
  }
}

const API = '/pg-registry/api';

describe.each<Adapter>(['express', 'fastify'])('actions from the page, on %s', (adapter) => {
  let applications: PageApplications;
  beforeEach(() => {
    applications = new PageApplications();
  });
  afterEach(() => applications.closeAll());

  const start = (): Promise<PageApplication> =>
    applications.start({
      adapter,
      node: { node: 'node1' },
      page: { open: true, allow: ['call', 'drain', 'stop'] },
      metadata: { providers: [Greeter] },
    });

  it('are off unless they are allowed, one by one', async () => {
    const closed = await applications.start({ adapter });
    const some = await applications.start({ adapter, page: { open: true, allow: ['stop'] } });
    for (const [app, action] of [
      [closed, 'call'],
      [closed, 'drain'],
      [closed, 'stop'],
      [some, 'drain'],
      [some, 'constructor'],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const response = await app.post(`${API}/${action}`, { node: app.node.name });
      expect(response.status).toBe(403);
      // oxlint-disable-next-line no-await-in-loop
      expect(await response.text()).toContain('is not allowed here');
    }
    expect(closed.node.state).toBe('ready');
    expect(some.node.state).toBe('ready');
  });

  it('are refused to other sites, and to requests that a form could make', async () => {
    const app = await start();
    const host = new URL(app.origin).host;
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: '' },
      { origin: `https://${host}.evil.example` },
      { 'x-pg-registry-action': '' },
      { 'x-pg-registry-action': 'stop' },
      { 'content-type': 'text/plain' },
    ] as Record<string, string>[]) {
      // oxlint-disable-next-line no-await-in-loop
      const response = await app.post(`${API}/drain`, { node: 'node1' }, headers);
      expect([headers, [400, 403, 415].includes(response.status)]).toEqual([headers, true]);
    }
    const read = await app.get(`${API}/drain?node=node1`);
    expect(read.status).toBe(404);
    expect(app.node.state).toBe('ready');
  });

  it('drain a node, and the log says for whom', async () => {
    const app = await start();
    const response = await app.post(`${API}/drain`, { node: 'node1' });
    expect([response.status, await response.json()]).toEqual([200, { result: null }]);
    await eventually(() => app.node.state !== 'ready');
    const said = applications.logger.own.map(({ message }) => message).join('\n');
    expect(said).toMatch(
      /Somebody whom no guard has named \(.*127\.0\.0\.1\) asks from the page: drain \{"node":"node1"\}/,
    );
    expect(said).toMatch(/Done for .*: drain/);
  });

  it('name whom a guard has let in', async () => {
    class LetsAdaIn {
      canActivate(context: { switchToHttp(): { getRequest(): { user?: unknown } } }): boolean {
        context.switchToHttp().getRequest().user = { username: 'ada\nlovelace' };
        return true;
      }
    }
    const page = { guards: [LetsAdaIn], allow: ['drain'] } as const;
    const app = await applications.start({ adapter, page, node: { node: 'node1' } });
    expect((await app.post(`${API}/drain`, { node: 'node1' })).status).toBe(200);
    expect(applications.logger.own.map(({ message }) => message).join('|')).toMatch(
      /'ada.*lovelace' \(.*asks/,
    );
    expect(applications.logger.own.some(({ message }) => message.includes('\n'))).toBe(false);
  });

  it('end a process, and call one', async () => {
    const app = await start();
    const { processes } = app.node;
    const textOf = ({ node, incarnation, id }: Pid): string => `${node}/${incarnation}/${id}`;
    const [greeter] = app.node.scope('pg').members('greeter');
    const call = { to: textOf(greeter), name: 'greet', payload: '<b>you</b>' };
    const called = await app.post(`${API}/call`, call);
    expect(await called.json()).toEqual({ result: 'Hello <b>you</b>' });
    const worker = processes.spawn({ label: 'worker' });
    expect((await app.post(`${API}/stop`, { pid: textOf(worker.pid) })).status).toBe(200);
    const { reason } = await firstValueFrom(processes.monitor(worker.pid));
    expect(reason).toBe('noproc');
    const failed = await app.post(`${API}/call`, { to: textOf(worker.pid), name: 'greet' });
    expect(failed.status).toBe(502);
    for (const body of [{}, { pid: 1 }, { pid: 'x'.repeat(301) }, []])
      // oxlint-disable-next-line no-await-in-loop
      expect((await app.post(`${API}/stop`, body)).status).toBe(400);
  });
});
