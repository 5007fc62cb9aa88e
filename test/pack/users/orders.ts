import {
  BadRequestException,
  Body,
  ClassSerializerInterceptor,
  Controller,
  Injectable,
  Module,
  Post,
  SerializeOptions,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Exclude, instanceToPlain, Type } from 'class-transformer';
import { IsInt, IsNotEmpty, IsString, Min, ValidateNested } from 'class-validator';
import { HandleCall, ProcessService, RegisterVia, RemoteErrorFilter, via } from 'nestjs-pg-registry';

export class ItemDto {
  @IsString()
  @IsNotEmpty()
  name!: string;

  @IsInt()
  @Min(1)
  price!: number;
}

export class OrderDto {
  @ValidateNested({ each: true })
  @Type(() => ItemDto)
  items!: ItemDto[];

  get total(): number {
    return this.items.reduce((sum, { price }) => sum + price, 0);
  }
}

export class Receipt {
  @Exclude()
  readonly secret = 'not for the browser';

  constructor(readonly total: number) {}
}

/** Leaves the secret out itself, whatever carries it. */
export class SealedReceipt extends Receipt {
  toJSON(): object {
    return { total: this.total };
  }
}

/** The handler has the DTO class and the pipe, as a controller has. */
@Injectable()
@RegisterVia('pg', 'orders')
export class Orders {
  @HandleCall()
  @UsePipes(new ValidationPipe({ transform: true }))
  place(order: OrderDto): Receipt {
    if (order.total > 1000) throw new BadRequestException('too expensive');
    return new Receipt(order.total);
  }

  @HandleCall()
  @UsePipes(new ValidationPipe({ transform: true }))
  placeExcluded(order: OrderDto): object {
    return instanceToPlain(new Receipt(order.total));
  }

  @HandleCall()
  @UsePipes(new ValidationPipe({ transform: true }))
  placeSealed(order: OrderDto): SealedReceipt {
    return new SealedReceipt(order.total);
  }

  @HandleCall()
  @UsePipes(new ValidationPipe({ transform: true }))
  back(order: OrderDto): OrderDto {
    return order;
  }
}

@Controller('orders')
export class OrderController {
  constructor(private readonly processes: ProcessService) {}

  /** Sends what the browser sent: the handler validates. */
  @Post()
  async place(@Body() order: Record<string, unknown>): Promise<unknown> {
    return await this.processes.call(via('pg', 'orders'), 'place', order);
  }

  /** Sends an instance of the DTO, which its own pipe has made. */
  @Post('checked')
  @UsePipes(new ValidationPipe({ transform: true }))
  async placeChecked(@Body() order: OrderDto): Promise<unknown> {
    return await this.processes.call(via('pg', 'orders'), 'placeExcluded', order);
  }

  /** Excludes in front of the browser what the handler has answered with. */
  @Post('serialized')
  @UseInterceptors(ClassSerializerInterceptor)
  @SerializeOptions({ type: Receipt })
  @UsePipes(new ValidationPipe({ transform: true }))
  async placeSerialized(@Body() order: OrderDto): Promise<unknown> {
    return await this.processes.call(via('pg', 'orders'), 'place', order);
  }

  @Post('sealed')
  @UsePipes(new ValidationPipe({ transform: true }))
  async placeSealed(@Body() order: OrderDto): Promise<unknown> {
    return await this.processes.call(via('pg', 'orders'), 'placeSealed', order);
  }

  /** There and back. */
  @Post('back')
  @UsePipes(new ValidationPipe({ transform: true }))
  async back(@Body() order: OrderDto): Promise<unknown> {
    return await this.processes.call(via('pg', 'orders'), 'back', order);
  }
}

@Module({ providers: [Orders] })
export class OrdersModule {}

@Module({
  controllers: [OrderController],
  providers: [{ provide: APP_FILTER, useClass: RemoteErrorFilter }],
})
export class FrontModule {}
