import type { IncomingMessage } from 'node:http';
import {
  type CanActivate,
  type ExecutionContext,
  ForbiddenException,
  Injectable,
  UnauthorizedException,
} from '@nestjs/common';
import { CollaborationOptions } from '../collaboration-options';
import { isSameOrigin } from './origin';
import { isSameSecret } from './same-secret';

/** What the guard reads of a request. */
type QueriedRequest = IncomingMessage & { readonly query: Readonly<Record<string, unknown>> };

/** Lets in this application's own pages, and only who knows the access token, if there is one. */
@Injectable()
export class AccessGuard implements CanActivate {
  readonly #options: CollaborationOptions;

  constructor(options: CollaborationOptions) {
    this.#options = options;
  }

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<QueriedRequest>();
    if (!isSameOrigin(request))
      throw new ForbiddenException('Pages of other origins may not ask this server.');
    const { accessToken } = this.#options;
    if (accessToken === undefined) return true;
    const { token } = request.query;
    if (typeof token === 'string' && isSameSecret(token, accessToken)) return true;
    throw new UnauthorizedException("The parameter 'token' is missing or wrong.");
  }
}
