/** The token of a queue connection by name: `constructor(@inject(queueConnection('sync')) queue: QueueDispatcher)`. */
export function queueConnection(name: string): string {
  return `queueConnection("${name}")`;
}
