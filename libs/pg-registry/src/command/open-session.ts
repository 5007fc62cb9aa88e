import { openPageSession } from './http/page-session';
import { openBrokerSession, type OpenSession } from './session';

/** Opens a look at the page that `--url` names, or else at the broker. @throws TransportError if the broker cannot be reached */
export const openSession: OpenSession = async (settings, signal) =>
  settings.url === undefined
    ? await openBrokerSession(settings, signal)
    : openPageSession(settings.url, settings, signal);
