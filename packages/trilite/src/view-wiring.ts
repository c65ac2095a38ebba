import type { Config } from './config/load-config';
import { TenantAddresses } from './http/identification/tenant-addresses';
import { UrlGenerator } from './http/urls/url-generator';
import { RequestViews } from './http/views/request-views';
import type { ViewOptions } from './http/views/view-options';
import type { Container } from './tenancy/container';
import { AssetRegistry } from './view/asset-registry';
import { ViewEngine } from './view/view-engine';
import { ViewRenderer } from './view/view-renderer';

/** What the views of an application are made of. */
export interface ViewParts {
  /** The folder of resources/ and public/, which are not compiled: in a built application, too, the folder of package.json. */
  readonly basePath: string;
  readonly config: Config;
  /** What app/views.ts says; read at the first use. */
  readonly options: () => ViewOptions;
}

/** Binds what renders views and finds files of public/. */
export function bindViews(container: Container, { basePath, config, options }: ViewParts): void {
  const { env, debug } = config.app;
  const watches = env === 'development';
  container.shared(AssetRegistry, () => new AssetRegistry({ basePath, watches, debug }));
  container.shared(ViewEngine, () => {
    const { helpers = {} } = options();
    return new ViewEngine({ basePath, helpers, watches });
  });
  container.perTenant(RequestViews, (scope) => {
    const parts = { engine: scope.make(ViewEngine), assets: scope.make(AssetRegistry) };
    const urls = (): UrlGenerator => scope.make(UrlGenerator);
    return new RequestViews({ ...parts, urls, shared: options().shared });
  });
  container.perTenant(ViewRenderer, (scope) => {
    // Files of public/ answer at every host: that of the application is always there
    const { origin } = new TenantAddresses(config).central;
    return new ViewRenderer(scope.make(ViewEngine), {
      route: (...address: Parameters<UrlGenerator['absoluteUrl']>) =>
        scope.make(UrlGenerator).absoluteUrl(...address),
      asset: (path: string) => origin + scope.make(AssetRegistry).url(path),
    });
  });
}
