import { FastifyAdapter } from '@nestjs/platform-fastify';

/** The web server of the application in orders.spec.ts. */
export const newAdapter = (): FastifyAdapter => new FastifyAdapter({ forceCloseConnections: true });
