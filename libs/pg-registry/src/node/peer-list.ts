import { BehaviorSubject, type Observable, Subject } from 'rxjs';
import type { PeerEvent, PeerView } from '../protocol';

/** The peers of a node as Observables. */
export class PeerList {
  /** The current peers, and again after every change of one. */
  readonly peers$: Observable<readonly PeerView[]>;
  /** What happens to peers, one by one. */
  readonly events$: Observable<PeerEvent>;
  readonly #peers = new BehaviorSubject<readonly PeerView[]>([]);
  readonly #events = new Subject<PeerEvent>();

  constructor() {
    this.peers$ = this.#peers.asObservable();
    this.events$ = this.#events.asObservable();
  }

  publish(event: PeerEvent, peers: readonly PeerView[]): void {
    this.#events.next(event);
    this.#peers.next(peers);
  }

  complete(): void {
    this.#events.complete();
    this.#peers.complete();
  }
}
