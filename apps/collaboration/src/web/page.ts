import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';

/** What the build of the page writes, beside the compiled application; tests run the application from its sources. */
const PAGE_DIRECTORY = join(
  __dirname,
  __filename.endsWith('.ts') ? '../../../../dist/apps/collaboration/page' : '../page',
);

const MISSING = 'The page is not built. Run: npm run collaboration\n';

/** The request and the answer of Express, as far as the page needs them. */
interface PageAnswer {
  setHeaders(headers: Headers): this;
  status(code: number): this;
  type(type: string): this;
  send(body: string): void;
  sendFile(path: string): void;
}

/** For every answer that is part of the page. The token may be in its address. */
const HEADERS = new Headers({
  'Cache-Control': 'no-cache',
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
});

/** Serves the page: its files from a directory, and `index.html` for `/` and `/d/NAME`. */
export function servePage(application: NestExpressApplication, directory: string = PAGE_DIRECTORY): void {
  application.useStaticAssets(directory, {
    setHeaders: (answer) => answer.setHeaders(HEADERS),
  });
  const index = join(directory, 'index.html');
  application
    .getHttpAdapter()
    .get(/^\/(?:d\/.*)?$/ as unknown as string, (_request: unknown, answer: PageAnswer) => {
      if (!existsSync(index)) return answer.status(503).type('text').send(MISSING);
      return answer.setHeaders(HEADERS).sendFile(index);
    });
}
