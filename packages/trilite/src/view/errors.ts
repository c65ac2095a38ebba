import { inspect } from 'node:util';
import { FrameworkError, messageOf } from '../support/errors';

/** A place in a template. */
export interface TemplatePlace {
  /** `reports/show`. */
  readonly view: string;
  /** Relative to the application: `resources/views/reports/show.eta`. */
  readonly file: string;
  readonly line: number;
  readonly source: string;
}

/** Thrown when there is no view of a name. */
export class ViewNotFoundError extends FrameworkError {
  static named(name: string, folder: string, nearest: readonly string[]): ViewNotFoundError {
    const hint = nearest.map((one) => `"${one}"`).join(', ');
    return new ViewNotFoundError({
      code: 'E_VIEW_NOT_FOUND',
      message: `There is no view "${name}" in "${folder}".${hint === '' ? '' : ` There is ${hint}.`}`,
      help: `Create "${folder}/${name}.eta", or correct the name.`,
    });
  }

  static badName(name: unknown, folder: string): ViewNotFoundError {
    return new ViewNotFoundError({
      code: 'E_VIEW_NOT_FOUND',
      message: `${inspect(name)} is not the name of a view.`,
      help: `Name a view by its path below "${folder}", without dots and without its ending: "reports/show" is "${folder}/reports/show.eta".`,
    });
  }

  static outside(name: string, folder: string): ViewNotFoundError {
    return new ViewNotFoundError({
      code: 'E_VIEW_NOT_FOUND',
      message: `The view "${name}" is a link that leads out of "${folder}".`,
      help: `Put the template itself into "${folder}".`,
    });
  }
}

/** Thrown when a template is not valid, or fails while it is rendered. */
export class ViewFailedError extends FrameworkError {
  static at(place: TemplatePlace, cause: Error): ViewFailedError {
    return new ViewFailedError({
      code: 'E_VIEW_FAILED',
      message: `The view "${place.view}" failed in ${place.file}, line ${place.line}: ${messageOf(cause)}\n\n${excerpt(place)}\n`,
      help: 'Correct the template, or what its data holds. "artisan view:check" looks into every template.',
      cause,
    });
  }

  static nested(place: TemplatePlace, levels: number): ViewFailedError {
    return new ViewFailedError({
      code: 'E_VIEW_FAILED',
      message: `The view "${place.view}" failed in ${place.file}: views are nested ${levels} deep.`,
      help: 'A layout, an include or a component asks for itself, perhaps by way of another one.',
    });
  }
}

/** Thrown when helpers for templates cannot have their names. */
export class ViewHelperInvalidError extends FrameworkError {
  static named(name: string): ViewHelperInvalidError {
    return new ViewHelperInvalidError({
      code: 'E_VIEW_HELPER_INVALID',
      message: `The helper "${name}" of app/views.ts cannot have that name.`,
      help: 'Name it as a variable of JavaScript, and not as what templates have already: docs/views.md lists that.',
    });
  }
}

/** Thrown when a helper of templates needs a request, and the view is rendered outside of any, as for a mail. */
export class ViewRequestMissingError extends FrameworkError {
  static forHelper(helper: string): ViewRequestMissingError {
    return new ViewRequestMissingError({
      code: 'E_VIEW_REQUEST_MISSING',
      message: `"${helper}" needs a request, and ViewRenderer renders outside of any.`,
      help: 'Return view(…) from a controller, or give the view what it shows as data.',
    });
  }
}

/** Thrown in debug mode when a page names a file that public/ does not have. */
export class AssetNotFoundError extends FrameworkError {
  static named(path: string, nearest: readonly string[]): AssetNotFoundError {
    const hint = nearest.map((one) => `"${one}"`).join(', ');
    return new AssetNotFoundError({
      code: 'E_ASSET_NOT_FOUND',
      message: `There is no file "${path}" in "public".${hint === '' ? '' : ` There is ${hint}.`}`,
      help: 'Create it, or correct the path: it is relative to "public", without ".." and names that begin with a dot.',
    });
  }
}

function excerpt({ source, line }: TemplatePlace): string {
  const lines = source.split(/\r\n|\n|\r/);
  const first = Math.max(line - 3, 0);
  return lines
    .slice(first, line + 2)
    .map((text, index) => {
      const number = first + index + 1;
      return `${number === line ? '>' : ' '} ${String(number).padStart(4)} | ${text}`;
    })
    .join('\n');
}
