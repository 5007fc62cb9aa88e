/**
 * Puts a module first or last in the order in which Nest starts and stops modules.
 *
 * Nest runs the hooks of modules one after the other: at the start by falling `distance` from the root module, at the stop the
 * other way round. Global modules have `Number.MAX_VALUE`, others 0 and more; modules of equal distance run in the order in which Nest
 * found them. The property is public but not documented, so the order is checked at each start ({@link isLast}).
 */
import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

const FIRST = Infinity;
const LAST = -1;

/** Makes a module the first to start and the last to stop. Must be called from the module's constructor. */
export function startFirst(modules: ModulesContainer, type: Type): void {
  setDistance(modules, type, FIRST);
}

/** Makes a module the last to start and the first to stop. Must be called from the module's constructor. */
export function startLast(modules: ModulesContainer, type: Type): void {
  setDistance(modules, type, LAST);
}

/** Whether every other module starts before this one. */
export function isLast(modules: ModulesContainer, type: Type): boolean {
  return [...modules.values()].every(({ metatype, distance }) => metatype === type || distance > LAST);
}

function setDistance(modules: ModulesContainer, type: Type, distance: number): void {
  for (const module of modules.values()) if (module.metatype === type) module.distance = distance;
}
