import { Injectable } from '@nestjs/common';
import { MetadataScanner } from '@nestjs/core';
import { entityTypeOf } from '../entities';
import type { DecoratedMethod, DecoratedProvider, ProviderClass } from './decorated-provider';
import { singletonElectionOf } from './decorators/cluster-singleton.decorator';
import { handlers } from './decorators/handlers.decorator';
import type { MethodMetadata } from './decorators/method-metadata';
import { leaderMethods } from './decorators/on-leader.decorator';
import { membershipHandlers } from './decorators/on-membership.decorator';
import { scopeListeners } from './decorators/on-register.decorator';
import { viaRegistrationsOf } from './decorators/register-via.decorator';

/** Reads the metadata that this library's decorators left on a class. */
@Injectable()
export class RegistryMetadataAccessor {
  readonly #scanner: MetadataScanner;

  constructor(scanner: MetadataScanner) {
    this.#scanner = scanner;
  }

  /** Reads all metadata of one class, inherited methods included. Every list is empty for a class without decorators. */
  read(
    type: ProviderClass,
  ): Pick<
    DecoratedProvider,
    'registrations' | 'election' | 'isEntity' | 'handlers' | 'listeners' | 'memberships' | 'leads'
  > {
    return {
      registrations: viaRegistrationsOf(type),
      election: singletonElectionOf(type),
      isEntity: entityTypeOf(type) !== undefined,
      handlers: this.#methods(type, handlers),
      listeners: this.#methods(type, scopeListeners),
      memberships: this.#methods(type, membershipHandlers),
      leads: this.#methods(type, leaderMethods),
    };
  }

  #methods<T>({ prototype }: ProviderClass, metadata: MethodMetadata<T>): readonly DecoratedMethod<T>[] {
    const names = this.#scanner.getAllMethodNames(prototype as object);
    return names.flatMap((method) =>
      metadata.of(prototype as object, method).map((each) => ({ method, metadata: each })),
    );
  }
}
