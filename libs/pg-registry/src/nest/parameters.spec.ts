import {
  type ArgumentMetadata,
  Body,
  createParamDecorator,
  type ExecutionContext,
  Headers,
  Injectable,
  ParseIntPipe,
  type PipeTransform,
  Query,
  Scope,
  UsePipes,
} from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { via } from '../calls';
import { InvalidArgumentError, InvalidOptionError } from '../term';
import { type Application, Applications } from './application.fixture';
import { CallContext } from './decorators/call-context.decorator';
import { HandleCall } from './decorators/handlers.decorator';
import { RegisterVia } from './decorators/register-via.decorator';

const target = via('pg', 'k');

@Injectable()
class Words {
  readonly twice = (word: unknown): string => `${String(word)}-${String(word)}`;
}

@Injectable()
class Twice implements PipeTransform {
  constructor(readonly words: Words) {}
  transform(value: unknown): unknown {
    return this.words.twice(value);
  }
}

@Injectable()
class Describe implements PipeTransform {
  transform(value: unknown, { type, metatype, data }: ArgumentMetadata): unknown {
    return [value, type, metatype?.name, data];
  }
}

const Caller = createParamDecorator((part: 'node', context: ExecutionContext) => {
  const { caller } = context.switchToRpc().getContext<CallContext>();
  return caller[part];
});

@Injectable()
@RegisterVia('pg', 'k')
class Worker {
  @HandleCall()
  whole(@Payload(ParseIntPipe) n: number): unknown {
    return [n];
  }
  @HandleCall()
  parts(@Payload('id', ParseIntPipe) id: number, @Payload('name') name: string): unknown {
    return [id, name];
  }
  @HandleCall()
  body(@Body('id', Twice) id: string, @Body() all: unknown): unknown {
    return [id, all];
  }
  @HandleCall()
  reversed(@CallContext() { headers }: CallContext, @Payload('id') id: string): unknown {
    return [headers, id];
  }
  @HandleCall()
  context(@Ctx() { headers }: CallContext): unknown {
    return [headers];
  }
  @HandleCall()
  custom(id: string, @Caller('node') node: string, third?: unknown): unknown {
    return [id, node, third];
  }
  @HandleCall()
  @UsePipes(Describe)
  both(@Payload('id', Describe) id: unknown, @CallContext() _context: CallContext): unknown {
    return id;
  }
  @HandleCall()
  missing(@Payload('toString') word: unknown, @Payload('id') id: unknown): unknown {
    return [word, id];
  }
}

describe('decorated parameters of handlers', () => {
  let applications: Applications;
  let near: Application;
  let far: Application;
  beforeAll(async () => {
    applications = new Applications();
    near = await applications.start({ providers: [Worker, Words] }, { node: 'near' });
    far = await applications.start({}, { node: 'far' });
    await far.seen('k', 1);
  });
  afterAll(() => applications.closeAll());

  describe.each([
    ['the same node', () => near],
    ['another node', () => far],
  ])('called from %s', (_, from) => {
    const call = (name: string, payload?: unknown) =>
      from().processes.call(target, name, payload, { headers: { language: 'en' } });

    it('a pipe of the payload parameter runs, and its refusal reaches the caller', async () => {
      expect(await call('whole', '7')).toEqual([7]);
      await expect(call('whole', 'x')).rejects.toThrow('Validation failed (numeric string is expected)');
    });

    it('@Payload with a name gives that property of the payload, through its pipes', async () => {
      expect(await call('parts', { id: '7', name: 'Ada' })).toEqual([7, 'Ada']);
      expect(await call('missing', 'text')).toEqual([undefined, undefined]);
      expect(await call('missing', {})).toEqual([undefined, undefined]);
    });

    it('@Body is the same, and a pipe class gets its dependencies', async () => {
      expect(await call('body', { id: 'a' })).toEqual(['a-a', { id: 'a' }]);
    });

    it('@CallContext and @Ctx give the context at any place', async () => {
      expect(await call('reversed', { id: 'a' })).toEqual([{ language: 'en' }, 'a']);
      expect(await call('context')).toEqual([{ language: 'en' }]);
    });

    it('decorators of createParamDecorator get the call, and undecorated parameters keep their places', async () => {
      expect(await call('custom', 'a')).toEqual(['a', from().node.name, undefined]);
    });

    it('pipes of the method run before those of the parameter, and see what the parameter is', async () => {
      expect(await call('both', { id: 7 })).toEqual([[7, 'body', 'Object', 'id'], 'body', 'Object', 'id']);
    });
  });

  it('parameters of process classes have pipes, too', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class Counter {
      @HandleCall()
      add(@Payload('n', ParseIntPipe) n: number): number {
        return n;
      }
    }
    const app = await applications.start({ providers: [Counter] });
    const { pid } = await app.processes.start(Counter);
    await expect(app.processes.call(pid, 'add', { n: '4' })).resolves.toBe(4);
  });

  it.each([
    ['@Query', Query('id')],
    ['@Headers', Headers('id')],
  ])('a parameter with %s is refused at the start', async (name, decorator) => {
    class Web {
      read(_id: string): void {}
    }
    decorator(Web.prototype, 'read', 0);
    HandleCall()(Web.prototype, 'read', Object.getOwnPropertyDescriptor(Web.prototype, 'read')!);
    RegisterVia('pg', 'web')(Web);
    const starting = applications.start({ providers: [Web] });
    await expect(starting).rejects.toThrow(InvalidOptionError);
    await expect(starting).rejects.toThrow(
      `Web.read has a parameter with ${name}, for which a call has no value`,
    );
  });

  it('a pipe of a parameter that Nest would not run is refused at the start', async () => {
    const starting = applications.start({
      providers: [Words, { provide: Worker, useFactory: () => new Worker() }],
    });
    await expect(starting).rejects.toThrow('has the pipe ParseIntPipe, which Nest would not run');
  });

  it('@CallContext on a parameter of a constructor is refused', () => {
    expect(() => CallContext()(class {}, undefined, 0)).toThrow(InvalidArgumentError);
  });
});
