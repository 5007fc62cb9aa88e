import type { ComponentChildren, JSX } from 'preact';
import type { User } from './user';

/** What {@link Header} is given. */
interface HeaderProps {
  /** Left of everything: where the page is, or the way back. */
  readonly children: ComponentChildren;
  /** The path of the observer, or `null`. */
  readonly observer: string | null;
  /** Who sits here. */
  readonly user: User;
  /** The user wants another name. */
  readonly changeName: () => void;
}

/** The bar at the top of each page. */
export function Header({ children, observer, user, changeName }: HeaderProps): JSX.Element {
  return (
    <header class="bar">
      {children}
      <span class="space" />
      {observer !== null && <a href={observer}>Observer</a>}
      <button type="button" onClick={changeName} aria-label={`You are ${user.name}. Change your name`}>
        <Name user={user} />
      </button>
    </header>
  );
}

/** A name beside its colour. Names are text, and cannot change the direction of what stands around them. */
export function Name({ user: { name, color } }: { readonly user: User }): JSX.Element {
  return (
    <span class="name">
      <span class="dot" style={{ backgroundColor: color }} />
      <bdi>{name}</bdi>
    </span>
  );
}

/** Says "1 person", "2 people". */
export function people(count: number): string {
  return count === 1 ? '1 person' : `${count} people`;
}
