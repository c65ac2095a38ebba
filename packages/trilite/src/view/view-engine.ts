import { FrameworkError } from '../support/errors';
import { ViewHelperInvalidError } from './errors';
import { html, json } from './html';
import { Rendering } from './rendering';
import type { Template } from './template';
import { TemplateFiles } from './template-files';
import { FRAME_NAMES } from './template-frame';

/** Functions of the application for its templates, by their names there. */
export type ViewHelpers = Readonly<Record<string, (...values: never[]) => unknown>>;

/** What a rendering gives its templates by bare names, beside the helpers of the application. */
export interface SituationNames {
  readonly route: unknown;
  readonly asset: unknown;
  readonly csrf: unknown;
  readonly csrfToken: unknown;
  readonly old: unknown;
  readonly errors: unknown;
  readonly session: unknown;
  readonly request: unknown;
}

/** What a view is rendered with. */
export interface ViewSituation {
  readonly names: SituationNames;
  /** What every view finds in `it`, components included. */
  readonly shared?: object | undefined;
}

/** What an engine is made of. */
export interface ViewEngineParts {
  readonly basePath: string;
  readonly helpers: ViewHelpers;
  /** Whether a template that was changed is read anew. */
  readonly watches: boolean;
}

const SITUATION_NAMES: readonly string[] = [
  'route',
  'asset',
  'csrf',
  'csrfToken',
  'old',
  'errors',
  'session',
  'request',
] satisfies (keyof SituationNames)[];

/** What is the same for every rendering. */
const COMMON_NAMES = { html, json };

const TAKEN = new Set<string>([
  ...FRAME_NAMES,
  ...SITUATION_NAMES,
  ...Object.keys(COMMON_NAMES),
  'it',
]);

/** Renders the templates of an application, each compiled once. */
export class ViewEngine {
  readonly #files: TemplateFiles;
  readonly #helpers: ViewHelpers;
  readonly #watches: boolean;
  readonly #compiled = new Map<string, { template: Template; version: string | undefined }>();
  readonly #names: readonly string[];

  /** @throws E_VIEW_HELPER_INVALID */
  constructor({ basePath, helpers, watches }: ViewEngineParts) {
    refuseInvalidHelpers(helpers);
    this.#files = new TemplateFiles(basePath);
    this.#helpers = { ...COMMON_NAMES, ...helpers };
    this.#watches = watches;
    this.#names = [...SITUATION_NAMES, ...Object.keys(this.#helpers)];
  }

  /** Whether there is a view of that name. */
  has(name: string): boolean {
    return this.#files.has(name);
  }

  /** @throws E_VIEW_NOT_FOUND, E_VIEW_FAILED */
  render(name: string, data: object, { names, shared = {} }: ViewSituation): string {
    return new Rendering({
      template: (one) => this.#template(one),
      names: { ...names, ...this.#helpers },
      shared,
    }).render(name, data);
  }

  /** Compiles every template, and says what is wrong with which. */
  check(): CheckedView[] {
    return this.#files.names().map((view) => ({ view, error: this.#errorOf(view) }));
  }

  #errorOf(view: string): FrameworkError | undefined {
    try {
      this.#compile(view);
      return undefined;
    } catch (error) {
      if (error instanceof FrameworkError) return error;
      throw error;
    }
  }

  #template(name: string): Template {
    const known = this.#compiled.get(name);
    if (known !== undefined && !this.#watches) return known.template;
    // Looked at before it is read: what is written in between is read again
    const version = this.#watches ? this.#versionOf(name) : undefined;
    if (known !== undefined && version !== undefined && known.version === version) {
      return known.template;
    }
    const template = this.#compile(name);
    this.#compiled.set(name, { template, version });
    return template;
  }

  /** A name that is none is refused by who reads it. */
  #versionOf(name: string): string | undefined {
    return this.#files.has(name) ? this.#files.version(name) : undefined;
  }

  #compile(name: string): Template {
    // With eta: an application without views does not load it
    const { Template: Compiled } = require('./template') as typeof import('./template');
    return new Compiled(this.#files.read(name), this.#names);
  }
}

/** What is wrong with a view; undefined when nothing is. */
export interface CheckedView {
  readonly view: string;
  readonly error: FrameworkError | undefined;
}

/** Refuses helpers that templates could not call. @throws E_VIEW_HELPER_INVALID */
function refuseInvalidHelpers(helpers: ViewHelpers): void {
  for (const name of Object.keys(helpers)) {
    if (TAKEN.has(name) || !isVariable(name)) throw ViewHelperInvalidError.named(name);
  }
}

/** Whether it may be declared: neither `my-name` nor `class`. */
function isVariable(name: string): boolean {
  if (!/^[A-Za-z$][\w$]*$/.test(name)) return false;
  try {
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- one word, and the language knows best which are its own
    new Function(`"use strict"; const ${name} = 1;`);
    return true;
  } catch {
    return false;
  }
}
