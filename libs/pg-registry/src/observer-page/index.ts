/**
 * observer-page/ shows a running cluster in a browser: `nestjs-pg-registry/observer`, a module for Nest applications on Express or Fastify.
 *
 * `pg-registry-observer.module` checks the options and makes a controller of its own for each import (`observer-page.controller`), so that
 * Nest's guards stand before everything that `observer-page` answers: the page, its files, the facts as JSON (`fact-routes`), the stream of events (`event-streams`) and
 * the actions (`actions`). `reply` writes answers through the adapter. The page itself is in `page/`, beside the sources of the library;
 * `built-page` has what is built from it.
 *
 * Promises: no route without the guards; answers are what this room wrote, whatever global interceptors do; a bounded number of questions
 * and streams at a time, and a bounded memory for each reader; with nobody looking nothing runs; streams end when the application does.
 * May import: term, observer, node, @nestjs/common, @nestjs/core, node:child_process, node:http, node:path.
 *
 * @packageDocumentation
 */
export type { ObserverPageOptions } from './observer-page-options';
export { PgRegistryObserverModule } from './pg-registry-observer.module';
