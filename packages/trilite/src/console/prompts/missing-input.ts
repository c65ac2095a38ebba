import { problemOfValue, valueOf, type ParsedInput } from '../parse';
import type { ArgumentSpec, OptionSpec, Signature } from '../signature';
import type { Prompts } from './prompts';

/** Asks for the arguments and options that were not typed and have a `question`. @throws E_COMMAND_USAGE when nobody can be asked */
export async function askMissing(
  signature: Signature,
  input: ParsedInput,
  prompts: Prompts,
): Promise<ParsedInput> {
  const parts = {
    arguments: { ...input.arguments },
    options: { ...input.options },
    typed: new Set(input.typed),
  };
  for (const [name, spec] of Object.entries(signature.arguments ?? {})) {
    if (spec.question === undefined || input.typed.has(name)) continue;
    parts.arguments[name] = await argumentOf(name, spec, prompts);
    parts.typed.add(name);
  }
  for (const [name, spec] of Object.entries(signature.options ?? {})) {
    if (spec.question === undefined || input.typed.has(name)) continue;
    parts.options[name] = await optionOf(name, spec, prompts);
    parts.typed.add(name);
  }
  return parts;
}

async function argumentOf(
  name: string,
  { question = '', variadic }: ArgumentSpec,
  prompts: Prompts,
): Promise<string | readonly string[]> {
  const answer = await prompts.ask(question, { answeredBy: name });
  return variadic === true ? answer.split(/\s+/) : answer;
}

async function optionOf(name: string, spec: OptionSpec, prompts: Prompts): Promise<unknown> {
  const { question = '', type } = spec;
  if (type === undefined) return prompts.confirm(question, { answeredBy: name, default: false });
  const answer = await prompts.ask(question, {
    answeredBy: name,
    validate: (text) => problemOfValue(text, spec),
  });
  return valueOf(answer, spec);
}
