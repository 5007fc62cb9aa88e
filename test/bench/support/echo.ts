import 'reflect-metadata';
import {
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type INestApplicationContext,
  Injectable,
  Module,
  type NestInterceptor,
  type PipeTransform,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HandleCall, natsTransport, PgRegistryModule, PgRegistryNode, RegisterVia } from 'nestjs-pg-registry';
import { optionsOfAllNodes } from './nodes';
import { withPage } from './pages';

interface Question {
  readonly question: number;
}

/** Lets in whoever asks with a number. */
@Injectable()
class QuestionGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToRpc().getData<Question>().question >= 0;
  }
}

/** Checks the payload. */
@Injectable()
class QuestionPipe implements PipeTransform {
  transform(value: unknown): unknown {
    const { question } = value as Partial<Question>;
    if (typeof question !== 'number') throw new TypeError('The question must be a number.');
    return value;
  }
}

/** Counts calls, before and after. */
@Injectable()
class CountingInterceptor implements NestInterceptor {
  begun = 0;

  intercept(_context: ExecutionContext, next: CallHandler): ReturnType<CallHandler['handle']> {
    this.begun += 1;
    return next.handle();
  }
}

@Injectable()
@RegisterVia('echoes', 'echo')
class Echo {
  @HandleCall()
  echo(payload: unknown): unknown {
    return payload;
  }

  @HandleCall()
  @UseGuards(QuestionGuard)
  @UsePipes(QuestionPipe)
  @UseInterceptors(CountingInterceptor)
  guarded(payload: unknown): unknown {
    return payload;
  }
}

@Module({ providers: [Echo] })
class EchoModule {}

@Module({})
class RootModule {}

/** A Nest application at the broker, with or without a provider that answers calls. */
export async function startApplication(
  name: string,
  servers: string,
  answers: boolean,
): Promise<INestApplicationContext> {
  const registry = PgRegistryModule.forRoot({
    ...optionsOfAllNodes(),
    node: name,
    transport: natsTransport({ servers }),
    scopes: ['echoes'],
  });
  const application = await NestFactory.createApplicationContext(
    { module: RootModule, imports: answers ? [registry, EchoModule] : [registry] },
    { logger: ['error'] },
  );
  const node = await withPage(application.get(PgRegistryNode));
  await node.synced();
  return application;
}
