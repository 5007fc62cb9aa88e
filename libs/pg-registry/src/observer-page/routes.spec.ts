import {
  type CallHandler,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
  type NestInterceptor,
  VersioningType,
} from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import { InvalidOptionError } from '../term';
import { FACT_ROUTES } from './fact-routes';
import { type Adapter, PageApplications } from './page-application.fixture';
import { PgRegistryObserverModule } from './pg-registry-observer.module';

class Denies implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Injectable()
class Password {
  readonly cookie = 'key=secret';
}

@Module({ providers: [Password], exports: [Password] })
class PasswordModule {}

@Injectable()
class CookieGuard implements CanActivate {
  readonly #password: Password;
  constructor(password: Password) {
    this.#password = password;
  }
  canActivate(context: ExecutionContext): boolean {
    return (
      context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['cookie'] ===
      this.#password.cookie
    );
  }
}

@Injectable()
class Wraps implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ wrapped: data })));
  }
}

@Controller('other')
class OtherController {
  @Get()
  other(): string {
    return 'other';
  }
}

describe.each<Adapter>(['express', 'fastify'])('the routes of the page, on %s', (adapter) => {
  let applications: PageApplications;
  beforeEach(() => {
    applications = new PageApplications();
  });
  afterEach(() => applications.closeAll());

  it('are all denied by a guard that denies', async () => {
    const page = { guards: [Denies], allow: ['call', 'drain', 'stop'] } as const;
    const { node, ...app } = await applications.start({ adapter, page }).then((a) => ({
      node: a.node,
      get: (path: string) => a.get(path),
      post: (path: string) => a.post(path, {}),
    }));
    const facts = ['here', 'events', 'nothing', ...FACT_ROUTES.keys()].map((fact) => `/api/${fact}`);
    const files = ['page.js', 'page.css', 'icon.svg', 'nothing'].map((file) => `?file=${file}`);
    const paths = ['', '/', ...files, ...facts].map((path) => `/pg-registry${path}`);
    const answers = await Promise.all(paths.map(async (path) => [path, (await app.get(path)).status]));
    expect(answers).toEqual(paths.map((path) => [path, 403]));
    for (const action of ['call', 'drain', 'stop'])
      // One after the other, as an attacker may try.
      // oxlint-disable-next-line no-await-in-loop
      expect((await app.post(`/pg-registry/api/${action}`)).status).toBe(403);
    expect(node.state).toBe('ready');
  });

  it('let in whom a guard with dependencies of its own lets in', async () => {
    const page = { guards: [CookieGuard], imports: [PasswordModule] };
    const app = await applications.start({ adapter, page });
    expect((await app.get('/pg-registry')).status).toBe(403);
    expect((await app.get('/pg-registry', { cookie: 'key=secret' })).status).toBe(200);
  });

  it('serve the page, its files and nothing else, with headers that let only its own code run', async () => {
    const app = await applications.start({ adapter });
    for (const [path, type, begins] of [
      ['', 'text/html; charset=utf-8', '<!doctype html>'],
      ['/', 'text/html; charset=utf-8', '<!doctype html>'],
      ['?file=page.js', 'text/javascript; charset=utf-8', '/*! Contains preact'],
      ['?file=page.css', 'text/css; charset=utf-8', ':root{'],
      ['?file=icon.svg', 'image/svg+xml', '<svg'],
      ['/?file=icon.svg', 'image/svg+xml', '<svg'],
    ]) {
      // oxlint-disable-next-line no-await-in-loop
      const response = await app.get(`/pg-registry${path}`);
      expect([path, response.status]).toEqual([path, 200]);
      expect(response.headers.get('content-type')?.toLowerCase()).toContain(type);
      expect(response.headers.get('content-security-policy')).toContain(
        "default-src 'none'; script-src 'self'",
      );
      expect(response.headers.get('cache-control')).toBe('no-store');
      // oxlint-disable-next-line no-await-in-loop
      expect((await response.text()).startsWith(begins)).toBe(true);
    }
    expect((await app.get('/pg-registry?file=../index.ts')).status).toBe(404);
    expect((await app.get('/pg-registry/more')).status).toBe(404);
    expect((await app.get('/pg-registry/api/constructor')).status).toBe(404);
    const html = await (await app.get('/pg-registry')).text();
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|style=|https?:/);
  });

  it('are where they are below a prefix, with versions, and whatever interceptors make of answers', async () => {
    const app = await applications.start({
      adapter,
      page: { open: true, path: '/ops/registry/' },
      metadata: { controllers: [OtherController] },
      configure: (nest) => {
        nest.setGlobalPrefix('internal');
        nest.enableVersioning({ type: VersioningType.URI, defaultVersion: '7' });
        nest.useGlobalInterceptors(new Wraps());
      },
    });
    expect(await (await app.get('/internal/v7/other')).json()).toEqual({ wrapped: 'other' });
    expect(await (await app.get('/internal/ops/registry/api/here')).json()).toEqual({
      node: app.node.name,
      allow: [],
    });
    for (const end of ['', '/'])
      // oxlint-disable-next-line no-await-in-loop
      expect(await (await app.get(`/internal/ops/registry${end}`)).text()).toContain('<!doctype html>');
  });

  it('answer each fact as JSON, and wrong questions with what is wrong', async () => {
    const app = await applications.start({ adapter, node: { node: 'node1' } });
    app.node.scope('pg').register(['doc', '<script>alert(1)</script>'], { text: '</script><b>' });
    const json = async <T>(path: string): Promise<T> =>
      (await (await app.get(`/pg-registry/api/${path}`)).json()) as T;
    const key = encodeURIComponent(JSON.stringify(['doc', '<script>alert(1)</script>']));
    expect((await json<unknown[]>('nodes'))[0]).toMatchObject({ node: 'node1', answer: 'ok' });
    expect(await json('node?node=node1')).toMatchObject({ fact: { state: 'ready' } });
    expect((await json<{ scope: string }[]>('scopes')).map(({ scope }) => scope)).toEqual(['pg']);
    expect(await json('entries?scope=pg&prefix=["doc"]')).toMatchObject({
      entries: [{ value: { text: '</script><b>' } }],
    });
    const match = encodeURIComponent(JSON.stringify({ key: ['doc', '_'] }));
    expect(await json(`entries?scope=pg&match=${match}&limit=1&node=node1`)).toMatchObject({ entries: [{}] });
    expect(await json(`key?scope=pg&key=${key}`)).toMatchObject({ runs: true, count: 1 });
    expect(await json(`explain?scope=pg&key=${key}`)).toMatchObject({ owners: ['node1'], differences: [] });
    expect(await json('processes?node=node1')).toMatchObject({ processes: [{ label: 'root' }] });
    expect(await json('handlers?node=node1')).toEqual([]);
    expect(await json('names')).toEqual([]);
    expect(await json('entities?node=node1')).toMatchObject({ entities: [] });
    expect(await json('counters?node=node1')).toMatchObject({});
    expect((await json<unknown[]>('changes?node=node1&scope=pg'))[0]).toMatchObject({
      type: 'join',
      cause: 'call',
    });

    for (const [path, status, message] of [
      ['entries', 400, "Parameter 'scope' is missing."],
      ['entries?scope=pg&match={', 400, "Parameter 'match' must be JSON"],
      ['entries?scope=pg&limit=x', 400, "Parameter 'limit' must be a whole number."],
      [`key?scope=pg&key=${'x'.repeat(9000)}`, 400, "Parameter 'key' may have at most 8192 characters."],
      ['node?node=nobody', 502, "Node 'nobody'"],
      ['nothing', 404, 'There is no such fact. There are: nodes,'],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const response = await app.get(`/pg-registry/api/${path}`);
      expect(response.status).toBe(status);
      // oxlint-disable-next-line no-await-in-loop
      expect(await response.text()).toContain(message);
    }
  });
});

describe('PgRegistryObserverModule', () => {
  it('refuses to be without guards, and says how to mean that', () => {
    for (const options of [{}, { guards: [] }, { open: false }])
      expect(() => PgRegistryObserverModule.forRoot(options)).toThrow(
        /^Option 'guards' of PgRegistryObserverModule must be a list of at least one guard .* set open: true\. Nothing was started\.$/,
      );
    expect(() => PgRegistryObserverModule.forRoot({ open: true })).not.toThrow();
  });

  it('names the option that is wrong', () => {
    for (const [option, value] of [
      ['path', ''],
      ['path', 'a b'],
      ['path', ':id'],
      ['guards', 'x'],
      ['guards', [undefined]],
      ['imports', 1],
      ['allow', ['kill']],
      ['open', 1],
      ['gaurds', []],
    ] as const) {
      const options = { open: true, [option]: value };
      expect(() => PgRegistryObserverModule.forRoot(options)).toThrow(InvalidOptionError);
      expect(() => PgRegistryObserverModule.forRoot(options)).toThrow(`'${option}'`);
    }
  });

  it('serves two pages in one application, each with guards of its own', async () => {
    const applications = new PageApplications();
    const second = PgRegistryObserverModule.forRoot({ path: 'closed', guards: [Denies] });
    const app = await applications.start({ metadata: { imports: [second] } });
    expect((await app.get('/pg-registry')).status).toBe(200);
    expect((await app.get('/closed')).status).toBe(403);
    await applications.closeAll();
  });

  it('does not start where nobody may look', async () => {
    const applications = new PageApplications();
    await expect(applications.start({ node: { observer: false } })).rejects.toThrow(
      "Option 'observer' of node",
    );
    await applications.closeAll();
  });
});
