import { ExpressAdapter } from '@nestjs/platform-express';

/** The web server of the application in orders.spec.ts. */
export const newAdapter = (): ExpressAdapter => new ExpressAdapter();
