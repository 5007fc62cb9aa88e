import { Global, Inject, Module, type FactoryProvider } from '@nestjs/common';
import { type EntityClass, EntityService, EntityType, typeNameOf } from '../../entities';
import { quoteText } from '../../term';

/** One for each type that anything injects. Nest reads them when it scans the modules, after the classes have been decorated. */
const PROVIDERS: FactoryProvider[] = [];
const TOKENS: string[] = [];

/**
 * Injects the {@link EntityType} of a class with `@Entity`, or of a type that another application hosts, by its name.
 *
 * @throws InvalidArgumentError for a class without `@Entity`.
 *
 * @example
 * ```ts
 * constructor(@InjectEntity(Document) private readonly documents: EntityType<Document>) {}
 * ```
 */
export function InjectEntity(type: EntityClass | string): ParameterDecorator & PropertyDecorator {
  const name = typeNameOf(type);
  // Nest prints it when it finds no provider.
  const token = `EntityType of ${quoteText(name)} (import PgRegistryModule.forRoot in the root module)`;
  if (!TOKENS.includes(token)) {
    TOKENS.push(token);
    PROVIDERS.push({
      provide: token,
      inject: [EntityService],
      useFactory: (service: EntityService) => new EntityType(service, name),
    });
  }
  return Inject(token);
}

/** Provides what `@InjectEntity` asks for. */
@Global()
@Module({ providers: PROVIDERS, exports: TOKENS })
export class EntityTypesModule {}
