import type { Command, CommandContext } from '../command';
import { shutdownRequested } from '../shutdown';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'serve',
  description: 'Start the web server',
  options: {
    host: {
      type: 'string',
      value: 'address',
      description: 'Address to listen on; by default HOST',
    },
    port: {
      type: 'integer',
      value: 'number',
      description: 'Port to listen on, 0 takes a free one; by default PORT',
    },
  },
});

export class ServeCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<void> {
    const application = await app();
    const { http } = application.config.app;
    // Other commands need no server
    const { HttpServer } =
      require('../../http/http-server') as typeof import('../../http/http-server');
    const server = new HttpServer(application.http().handler);
    const address = await server.start({
      host: options.host ?? http.host,
      port: options.port ?? http.port,
    });
    output.info(`Server running on [${address}].`);
    output.line(`  ${output.colors.dim('Press Ctrl+C to stop it.')}\n`);
    await shutdownRequested();
    await server.stop(http.shutdownTimeout);
  }
}
