import { BehaviorSubject, distinctUntilChanged, type Observable, Subject } from 'rxjs';
import type { PeerEvent, PeerView } from '../cluster';

/** The connection and the peers of a node, as Observables. They complete when the node stops. */
export class NodeObservables {
  /** Whether the node is connected, and again after each change. */
  readonly connected$: Observable<boolean>;
  /** The current peers, and again after every change of one. */
  readonly peers$: Observable<readonly PeerView[]>;
  /** What happens to peers, one by one. */
  readonly events$: Observable<PeerEvent>;
  readonly #peers = new BehaviorSubject<readonly PeerView[]>([]);
  readonly #events = new Subject<PeerEvent>();
  readonly #connected = new BehaviorSubject(false);

  constructor() {
    this.peers$ = this.#peers.asObservable();
    this.events$ = this.#events.asObservable();
    this.connected$ = this.#connected.pipe(distinctUntilChanged());
  }

  peer(event: PeerEvent, peers: readonly PeerView[]): void {
    this.#events.next(event);
    this.#peers.next(peers);
  }

  connected(connected: boolean): void {
    this.#connected.next(connected);
  }

  complete(): void {
    this.#connected.next(false);
    this.#connected.complete();
    this.#events.complete();
    this.#peers.complete();
  }
}
