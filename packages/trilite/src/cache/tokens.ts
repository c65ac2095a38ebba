/** The token of a cache store by name: `constructor(@inject(cacheStore('memory')) hot: CacheRepository)`. */
export function cacheStore(name: string): string {
  return `cacheStore("${name}")`;
}
