/** The token of a database connection by name: `constructor(@inject(databaseConnection('queue')) db: Database)`. */
export function databaseConnection(name: string): string {
  return `databaseConnection("${name}")`;
}
