/**
 * The named routes of the application, for the types of their addresses: `artisan route:types` writes them into app/routes.ts by augmentation,
 * each with the names of its parameters. `'month?'` may be left out, `'*path'` is several segments. Without any, every name compiles.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- applications add their routes by augmentation
export interface Routes {}

/** The name of a route: one of `Routes`, or any while there are none. */
export type RouteName = [keyof Routes] extends [never] ? string : Extract<keyof Routes, string>;

/** One value in an address. */
export type UrlValue = string | number | bigint;

/** Values of a path's parameters and of a query: several for `*rest`, and for a name that a query holds more than once. What is undefined is left out. */
export type UrlParameters = Readonly<Record<string, UrlValue | readonly UrlValue[] | undefined>>;

/** What the address of a route is made of: its parameters, and anything else as its query. */
export type UrlArguments<N extends RouteName> =
  NeededOf<N> extends never ? [parameters?: ParametersOf<N>] : [parameters: ParametersOf<N>];

/** The parameters of a route, and whatever else its query is to hold. */
export type ParametersOf<N extends RouteName> = UrlParameters & {
  readonly [K in NeededOf<N> as NameOf<K>]: ValueOf<K>;
} & { readonly [K in OptionalOf<N> as NameOf<K>]?: ValueOf<K> | undefined };

/** The parameters of a route as `Routes` writes them; of one it does not know nothing is known. */
type Written<N> = N extends keyof Routes
  ? Routes[N] extends readonly string[]
    ? Routes[N][number]
    : never
  : never;

type OptionalOf<N> = Extract<Written<N>, `${string}?`>;
type NeededOf<N> = Exclude<Written<N>, `${string}?`>;

type NameOf<K> = K extends `${infer Rest}?` ? NameOf<Rest> : K extends `*${infer Name}` ? Name : K;
type ValueOf<K> = K extends `*${string}` ? UrlValue | readonly UrlValue[] : UrlValue;
