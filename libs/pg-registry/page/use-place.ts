import { useLayoutEffect, useState } from 'preact/hooks';
import { type Place, placeOf } from './place';

/** Follows the address. */
export function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  // Not `useEffect`, which waits until the browser has painted: nobody would hear of an address that changes before.
  useLayoutEffect(() => {
    const follow = (): void => setPlace(placeOf(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return place;
}
