import {
  Controller,
  Get,
  Inject,
  Post,
  Req,
  Res,
  type Type,
  UseGuards,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import { ObserverPage } from './observer-page';
import type { NormalPageOptions } from './observer-page-options';
import type { PageRequest, PageResponse } from './request';

/**
 * Makes a controller. Its class is a new one each time, because path and guards belong to a class; it is without a version, so that
 * the page is where its path says. Handlers get the response itself: Nest then sends nothing of its own.
 */
export function observerPageController({ path, guards }: NormalPageOptions): Type {
  @Controller({ path, version: VERSION_NEUTRAL })
  class ObserverPageController {
    readonly #page: ObserverPage;

    constructor(@Inject(ObserverPage) page: ObserverPage) {
      this.#page = page;
    }

    /** With a slash at the end, too: Nest takes one off. */
    @Get(['', '//'])
    file(@Req() request: PageRequest, @Res() response: PageResponse): void {
      this.#page.file(request, response);
    }

    @Get('api/events')
    async events(@Req() request: PageRequest, @Res() response: PageResponse): Promise<void> {
      await this.#page.events(request, response);
    }

    @Get('api/:fact')
    async fact(@Req() request: PageRequest, @Res() response: PageResponse): Promise<void> {
      await this.#page.fact(request, response);
    }

    @Post('api/:action')
    async act(@Req() request: PageRequest, @Res() response: PageResponse): Promise<void> {
      await this.#page.act(request, response);
    }
  }
  if (guards.length > 0) UseGuards(...guards)(ObserverPageController);
  return ObserverPageController;
}
