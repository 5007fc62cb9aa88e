import {
  BadRequestException,
  Catch,
  Injectable,
  Module,
  ParseIntPipe,
  Scope,
  UseFilters,
  UseGuards,
  UsePipes,
  type CanActivate,
  type DynamicModule,
  type ExceptionFilter,
} from '@nestjs/common';
import {
  type CallContext,
  HandleCall,
  PgRegistryModule,
  RegisterVia,
  type Transport,
} from 'nestjs-pg-registry';

/** What handlers report to the test, in the order in which it happened. */
export const diary: string[] = [];

@Injectable()
class Nobody implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Catch(BadRequestException)
class Apology implements ExceptionFilter {
  catch(error: BadRequestException): never {
    throw Object.assign(new Error(`sorry: ${error.message}`), { code: 'SORRY' });
  }
}

/** A provider whose handlers also do everything that a handler can do wrong. */
@Injectable()
@RegisterVia('office', 'clerk')
export class Clerk {
  @HandleCall()
  @UsePipes(ParseIntPipe)
  double(n: number) {
    return n * 2;
  }

  @HandleCall()
  @UseGuards(Nobody)
  secret() {
    diary.push('secret told');
  }

  @HandleCall()
  @UseFilters(Apology)
  refuse() {
    throw new BadRequestException('wrong form');
  }

  @HandleCall()
  who(_payload: null, { caller, headers }: CallContext) {
    return { caller, language: headers['language'] };
  }

  @HandleCall()
  async wait(_payload: null, { signal }: CallContext) {
    diary.push('waiting');
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    diary.push(`gave up: ${(signal.reason as Error).name}`);
  }

  @HandleCall()
  throwAtOnce() {
    throw Object.assign(new TypeError('no such file'), { code: 'ENOENT' });
  }

  @HandleCall()
  async answerWithAFunction() {
    return () => 1;
  }
}

/** One process per file. */
@Injectable({ scope: Scope.TRANSIENT })
export class File {
  #pages: string[] = [];

  onProcessStart({ title }: { title: string }) {
    this.#pages.push(title);
  }

  @HandleCall()
  add(page: string) {
    this.#pages.push(page);
    return this.#pages.length;
  }

  @HandleCall()
  async neverReady() {
    diary.push('busy');
    await new Promise(() => undefined);
  }

  onProcessExit(reason: unknown) {
    diary.push(`closed: ${String(reason)}`);
  }
}

/** One application of the office: with a clerk, or without. */
@Module({})
export class Office {
  static on(node: string, transport: Transport, clerks: readonly (new () => object)[]): DynamicModule {
    const scopes = ['office', { name: 'files', keys: 'unique' as const }];
    return {
      module: Office,
      imports: [PgRegistryModule.forRoot({ node, transport, scopes, mailboxCapacity: 2 })],
      providers: [...clerks, File, Nobody, Apology],
    };
  }
}
