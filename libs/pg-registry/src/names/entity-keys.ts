import { isArray, type Key } from '../term';

/** The keys of entities begin with it. They are apart from those of the application, and have no entries in the scope of holders. */
export const ENTITY_KEYS = 'pg.entity';

/** Whether a key is that of an entity. */
export function isEntityKey(key: Key): boolean {
  return isArray(key) && key[0] === ENTITY_KEYS;
}
