import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

/**
 * Nest runs the hooks of modules one after the other, at the start by falling `distance` from the root module, at the stop
 * the other way round; global modules stand at `Number.MAX_VALUE`, others at 0 and more. The property is public and has no
 * documentation, and modules of one distance run in the order in which they were found.
 */
const FIRST = Infinity;
const LAST = -1;

/** Makes a module the first of all to start and the last to stop. To be called from its constructor. */
export function startFirst(modules: ModulesContainer, type: Type): void {
  place(modules, type, FIRST);
}

/** Makes a module the last of all to start and the first to stop. To be called from its constructor. */
export function startLast(modules: ModulesContainer, type: Type): void {
  place(modules, type, LAST);
}

/** Whether every other module starts before this one, as far as distances tell. */
export function startsLast(modules: ModulesContainer, type: Type): boolean {
  return [...modules.values()].every(({ metatype, distance }) => metatype === type || distance > LAST);
}

function place(modules: ModulesContainer, type: Type, distance: number): void {
  for (const module of modules.values()) if (module.metatype === type) module.distance = distance;
}
