import { Logger, type OnModuleDestroy } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { LOG_CONTEXT } from '../node';
import type { ClusterFacts, ObserverAction, PgRegistryObserver } from '../observer';
import { messageOfThrown, stackOfThrown } from '../term';
import { Actions } from './actions';
import { builtPage } from './built-page';
import { EventStreams } from './event-streams';
import { FACT_ROUTES } from './fact-routes';
import { PAGE_HTML } from './page-html';
import { Reply } from './reply';
import { type PageRequest, type PageResponse, Query, RequestError } from './request';

/** So many questions are answered at a time. */
const MOST_QUESTIONS = 32;
const FACTS = [...FACT_ROUTES.keys()].join(', ');

/** What an {@link ObserverPage} is given. */
export interface ObserverPageDeps {
  readonly host: HttpAdapterHost;
  /** The name of the node that serves the page. */
  readonly node: string;
  readonly observer: PgRegistryObserver;
  readonly allow: readonly ObserverAction[];
}

/**
 * Answers what the page asks for. One for each `forRoot`: a guard that is made anew for each request makes its controller anew, too, and
 * the bounds would be each controller's own.
 */
export class ObserverPage implements OnModuleDestroy {
  readonly #deps: ObserverPageDeps;
  readonly #facts: ClusterFacts;
  readonly #streams: EventStreams;
  readonly #actions: Actions;
  readonly #logger = new Logger(LOG_CONTEXT);
  #questions = 0;

  constructor(deps: ObserverPageDeps) {
    this.#deps = deps;
    this.#facts = deps.observer.observe();
    this.#streams = new EventStreams(this.#facts);
    this.#actions = new Actions(this.#facts, deps.allow);
  }

  onModuleDestroy(): void {
    this.#streams.close();
  }

  /** Sends the page, or the file of it that the query names. */
  file(request: PageRequest, response: PageResponse): void {
    const reply = this.#reply(response);
    try {
      this.#file(new Query(request).optional('file') ?? 'index.html', reply);
    } catch (error) {
      this.#failed(reply, error);
    }
  }

  /** Opens a stream of events. */
  async events(request: PageRequest, response: PageResponse): Promise<void> {
    await this.#answer(response, (reply) => this.#streams.open(request, reply, this.#deps.node));
  }

  /** Sends the fact that the path names. */
  async fact(request: PageRequest, response: PageResponse): Promise<void> {
    await this.#answer(response, async (reply) => {
      const { fact = '' } = request.params;
      const { node, allow } = this.#deps;
      if (fact === 'here') return reply.json({ node, allow });
      const route = FACT_ROUTES.get(fact);
      if (route === undefined) throw new RequestError(404, `There is no such fact. There are: ${FACTS}.`);
      return reply.json(await route(this.#facts, new Query(request)));
    });
  }

  /** Does what the path names. */
  async act(request: PageRequest, response: PageResponse): Promise<void> {
    await this.#answer(response, async (reply) => {
      reply.json(await this.#actions.act(request.params['action'] ?? '', request));
    });
  }

  #file(file: string, reply: Reply): void {
    if (file === 'index.html') return reply.text('text/html; charset=utf-8', PAGE_HTML);
    const { script, style, icon } = builtPage();
    if (file === 'page.js') return reply.text('text/javascript; charset=utf-8', script);
    if (file === 'page.css') return reply.text('text/css; charset=utf-8', style);
    if (file === 'icon.svg') return reply.text('image/svg+xml', icon);
    throw new RequestError(404, 'The page has no such file.');
  }

  async #answer(response: PageResponse, answer: (reply: Reply) => Promise<void>): Promise<void> {
    const reply = this.#reply(response);
    if (this.#questions >= MOST_QUESTIONS) {
      reply.error(new RequestError(503, `${MOST_QUESTIONS} questions are being answered. Try again.`));
      return;
    }
    this.#questions += 1;
    try {
      await answer(reply);
    } catch (error) {
      this.#failed(reply, error);
    } finally {
      this.#questions -= 1;
    }
  }

  #failed(reply: Reply, error: unknown): void {
    if (reply.error(error)) this.#logger.error(`The page: ${messageOfThrown(error)}`, stackOfThrown(error));
  }

  #reply(response: PageResponse): Reply {
    return new Reply(this.#deps.host.httpAdapter, response);
  }
}
