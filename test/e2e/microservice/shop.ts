/**
 * A small shop as any Nest developer would write it: nothing in this file knows which transport carries it.
 */
import {
  type CanActivate,
  Controller,
  type DynamicModule,
  Injectable,
  Module,
  type ModuleMetadata,
  type PipeTransform,
  UseGuards,
  UsePipes,
} from '@nestjs/common';
import { EventPattern, MessagePattern, RpcException } from '@nestjs/microservices';
import { concat, finalize, from, map, NEVER, type Observable, of, Subject, throwError } from 'rxjs';

/** What the handlers received, for the test to check. */
@Injectable()
export class Ledger {
  readonly prices: unknown[] = [];
  readonly mails: unknown[] = [];
  readonly statuses = new Subject<string>();
  following = 0;
}

export class Order {
  readonly placedAt = undefined;
  constructor(
    readonly customer: string,
    readonly items: readonly { readonly name: string; readonly amount: number }[],
  ) {}

  get size(): number {
    return this.items.length;
  }
}

class Trim implements PipeTransform<string, string> {
  transform(text: string): string {
    return text.trim();
  }
}

class NobodyMay implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

/** One instance of all gets each of these. */
const SHARED = { queue: 'shop' };

@Controller()
export class ShopController {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  @MessagePattern('orders.place', SHARED)
  async place(order: { customer: string; items: { name: string; amount: number }[] }): Promise<object> {
    await Promise.resolve();
    order.items.push({ name: 'gift', amount: 1 });
    return { ...order, number: 1 };
  }

  @MessagePattern({ cmd: 'price', currency: 'EUR' }, SHARED)
  price(amounts: number[]): number {
    return amounts.reduce((sum, amount) => sum + amount, 0);
  }

  @UsePipes(Trim)
  @MessagePattern('customers.name', SHARED)
  name(name: string): string {
    return name;
  }

  @MessagePattern('orders.history', SHARED)
  history(count: number): Observable<{ number: number }> {
    return from(Array.from({ length: count }, (_, i) => i)).pipe(map((number) => ({ number })));
  }

  @MessagePattern('orders.follow', SHARED)
  follow(): Observable<string> {
    this.#ledger.following += 1;
    return this.#ledger.statuses.pipe(finalize(() => (this.#ledger.following -= 1)));
  }

  @MessagePattern('orders.forget', SHARED)
  forget(): void {
    // Answers nothing.
  }

  @MessagePattern('orders.wait', SHARED)
  wait(): Observable<never> {
    return NEVER;
  }

  @MessagePattern('orders.refund', SHARED)
  refund(error: string | object): void {
    throw new RpcException(error);
  }

  @MessagePattern('orders.break', SHARED)
  break(): void {
    throw new TypeError('an internal detail');
  }

  @MessagePattern('orders.deliver', SHARED)
  deliver(): Observable<string> {
    return concat(
      of('packed', 'sent'),
      throwError(() => new RpcException({ code: 'LOST' })),
    );
  }

  @UseGuards(NobodyMay)
  @MessagePattern('orders.secret', SHARED)
  secret(): string {
    return 'secret';
  }

  @EventPattern('prices.changed')
  onPrices(prices: unknown): void {
    this.#ledger.prices.push(prices);
  }

  @EventPattern({ job: 'mail' }, { queue: 'mailers' })
  onMail(mail: unknown): void {
    this.#ledger.mails.push(mail);
  }
}

@Module({ controllers: [ShopController], providers: [Ledger], exports: [Ledger] })
// oxlint-disable-next-line typescript/no-extraneous-class
export class ShopModule {}

/** The root of one application: the shop or not, and a client of the transport. */
export function rootModule(imports: NonNullable<ModuleMetadata['imports']>): DynamicModule {
  return { module: RootModule, imports };
}

// oxlint-disable-next-line typescript/no-extraneous-class
class RootModule {}
