import type { JSX } from 'preact';
import type { ObserverAction } from '../src/observer/observer-options';

/** The node that serves the page, and what it may be asked to do. */
export interface Here {
  readonly node: string;
  readonly allow: readonly ObserverAction[];
}

/** What every screen is given. */
export interface ScreenProps {
  readonly here: Here;
  /** What the address says. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Shows one part of what there is to know. */
export type Screen = (props: ScreenProps) => JSX.Element;
