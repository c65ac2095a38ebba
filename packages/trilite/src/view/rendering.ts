import { FrameworkError, toError } from '../support/errors';
import { ViewFailedError } from './errors';
import { SafeHtml } from './html';
import type { Template } from './template';
import { TemplateOutput, type TemplateFrame } from './template-frame';

/** Views within views: more is a circle. */
const MAX_DEPTH = 100;

/** What a rendering needs. */
export interface RenderingParts {
  /** @throws E_VIEW_NOT_FOUND, E_VIEW_FAILED */
  readonly template: (name: string) => Template;
  /** What stands in every template by its bare name. */
  readonly names: Readonly<Record<string, unknown>>;
  /** What every view finds in `it`, components included. */
  readonly shared: object;
}

/** Ends a rendering before its end, on purpose. Passed on as it is: no view has failed. */
export class RenderingInterruption extends Error {}

/** What a template was told by the one it is the layout of. */
type Blocks = ReadonlyMap<string, SafeHtml>;

const NO_BLOCKS: Blocks = new Map();

/**
 * One view, with its layout, what it includes and its components.
 *
 *     view ──writes──▶ body ─┐
 *      └──blocks─────────────┴──▶ layout ──writes──▶ body ──▶ its own layout, if it has one
 *
 * A block that a view defines goes out to its layout, and to that one's: of two by one name the inner one counts.
 */
export class Rendering {
  readonly #parts: RenderingParts;
  #depth = 0;

  constructor(parts: RenderingParts) {
    this.#parts = parts;
  }

  /** @throws E_VIEW_NOT_FOUND, E_VIEW_FAILED, and what interrupts it */
  render(name: string, data: object): string {
    return this.#render(name, { ...this.#parts.shared, ...data }, NO_BLOCKS);
  }

  #render(name: string, it: object, outer: Blocks): string {
    const template = this.#parts.template(name);
    const frame = new Frame(this.#parts, it, outer, (inner, data) =>
      this.#render(inner, data, NO_BLOCKS),
    );
    if (this.#depth === MAX_DEPTH) {
      throw ViewFailedError.nested({ ...template.source, line: 1 }, MAX_DEPTH);
    }
    this.#depth += 1;
    try {
      template.run(it, frame);
      const { wrapping, output } = frame;
      if (wrapping === undefined) return output.text;
      const body = new SafeHtml(output.text);
      return this.#render(wrapping.name, { ...it, ...wrapping.data, body }, frame.blocks);
    } catch (error) {
      if (isSaid(error)) throw error;
      throw ViewFailedError.at({ ...template.source, line: frame.line }, toError(error));
    } finally {
      this.#depth -= 1;
    }
  }
}

/** What an inner view has said of itself already, or what is no failure: an interruption, an answer such as `abort(404)`. */
function isSaid(error: unknown): boolean {
  if (error instanceof ViewFailedError || error instanceof RenderingInterruption) return true;
  return error instanceof FrameworkError && error.status < 500;
}

/** One template while it runs. Functions, not methods: templates take them apart. */
class Frame implements TemplateFrame {
  line = 1;
  readonly output = new TemplateOutput();
  readonly names: Readonly<Record<string, unknown>>;
  wrapping: { readonly name: string; readonly data: object } | undefined;
  readonly #it: object;
  readonly #shared: object;
  readonly #outer: Blocks;
  readonly #own = new Map<string, SafeHtml>();
  readonly #render: (name: string, data: object) => string;

  constructor(
    { names, shared }: RenderingParts,
    it: object,
    outer: Blocks,
    render: (name: string, data: object) => string,
  ) {
    this.names = names;
    this.#shared = shared;
    this.#it = it;
    this.#outer = outer;
    this.#render = render;
  }

  /** What its layout is told. */
  get blocks(): Blocks {
    return new Map([...this.#own, ...this.#outer]);
  }

  readonly layout = (name: string, data: object = {}): void => {
    this.wrapping = { name, data };
  };

  readonly block = (name: string, body?: () => void): SafeHtml | undefined => {
    const given = this.#outer.get(name);
    if (this.wrapping === undefined || body === undefined) {
      return given ?? (body === undefined ? undefined : this.capture(body));
    }
    if (given === undefined) this.#own.set(name, this.capture(body));
    return undefined;
  };

  readonly include = (name: string, data: object = {}): SafeHtml =>
    new SafeHtml(this.#render(name, { ...this.#it, ...data }));

  readonly component = (name: string, props: object = {}, body?: () => void): SafeHtml => {
    const inner = body === undefined ? {} : { body: this.capture(body) };
    return new SafeHtml(
      this.#render(`components/${name}`, { ...this.#shared, ...props, ...inner }),
    );
  };

  readonly capture = (body: () => void): SafeHtml => {
    const before = this.output.text;
    this.output.text = '';
    try {
      body();
      return new SafeHtml(this.output.text);
    } finally {
      this.output.text = before;
    }
  };
}
