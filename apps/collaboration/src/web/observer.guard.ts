import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type CanActivate,
  type ExecutionContext,
  ForbiddenException,
  UnauthorizedException,
} from '@nestjs/common';
import type { CollaborationOptions } from '../collaboration-options';
import { isSameOrigin } from './origin';
import { isSameSecret } from './same-secret';

/**
 * Lets into the observer who knows the access token, if there is one: as the password of Basic authentication, with any name, because a
 * browser that opens a page sends nothing else by itself.
 */
export class ObserverGuard implements CanActivate {
  readonly #options: CollaborationOptions;

  constructor(options: CollaborationOptions) {
    this.#options = options;
  }

  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const request = http.getRequest<IncomingMessage>();
    if (!isSameOrigin(request))
      throw new ForbiddenException('Pages of other origins may not ask this server.');
    const { accessToken } = this.#options;
    if (accessToken === undefined || isSameSecret(passwordOf(request), accessToken)) return true;
    http
      .getResponse<ServerResponse>()
      .setHeader('WWW-Authenticate', 'Basic realm="Observer", charset="UTF-8"');
    throw new UnauthorizedException('The password must be the access token; any name will do.');
  }
}

/** The password of Basic authentication; empty without one. */
function passwordOf({ headers: { authorization = '' } }: IncomingMessage): string {
  const [, encoded = ''] = /^Basic ([\w+/=]+)$/i.exec(authorization) ?? [];
  const pair = Buffer.from(encoded, 'base64').toString();
  return pair.slice(pair.indexOf(':') + 1);
}
