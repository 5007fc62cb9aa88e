import { BehaviorSubject, distinctUntilChanged, map, type Observable, startWith, Subject } from 'rxjs';
import type { PeerEvent, PeerView } from '../cluster';

/** The connection and the peers of a node, as Observables. They complete when the node stops. */
export class NodeObservables {
  /** Whether the node is connected, and again after each change. */
  readonly connected$: Observable<boolean>;
  /** The current peers, and again after every change of one. */
  readonly peers$: Observable<readonly PeerView[]>;
  /** What happens to peers, one by one. */
  readonly events$: Observable<PeerEvent>;
  /** Tells of each change of a peer. The list is only made for those who want it: it is long, and peers can come and go as often as they like. */
  readonly #changes = new Subject<undefined>();
  readonly #events = new Subject<PeerEvent>();
  readonly #connected = new BehaviorSubject(false);

  /** @param peers Returns the present peers */
  constructor(peers: () => readonly PeerView[]) {
    this.peers$ = this.#changes.pipe(startWith(undefined), map(peers));
    this.events$ = this.#events.asObservable();
    this.connected$ = this.#connected.pipe(distinctUntilChanged());
  }

  peer(event: PeerEvent): void {
    this.#events.next(event);
    this.#changes.next(undefined);
  }

  connected(connected: boolean): void {
    this.#connected.next(connected);
  }

  complete(): void {
    this.#connected.next(false);
    this.#connected.complete();
    this.#events.complete();
    this.#changes.complete();
  }
}
