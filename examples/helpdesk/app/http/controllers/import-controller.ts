import { back, Database, injectable, redirectToRoute, upload, view, type Request } from 'trilite';
import { Imports } from '../../imports/imports';
import { bindNumber } from '../bind-number';

const theFile = upload('file', {
  maxBytes: '1mb',
  types: ['text/csv', 'text/plain'],
  required: true,
});

export const theImport = bindNumber('import', (id, scope) => scope.make(Imports).progress(id));

/** Tickets that come as a file. */
@injectable()
export class ImportController {
  constructor(
    private readonly db: Database,
    private readonly imports: Imports,
  ) {}

  async index() {
    const imports = this.db.selectFrom('imports').selectAll().orderBy('id', 'desc').limit(20);
    return view('imports/index', { imports: await imports.execute() });
  }

  @theFile
  async store(request: Request) {
    try {
      const id = await this.imports.start(request.file(theFile));
      return redirectToRoute('imports.show', { import: id });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return back('/imports').withErrors({ file: error.message });
    }
  }

  async show(request: Request) {
    const progress = request.bound(theImport);
    const problems = this.db.selectFrom('import_problems').selectAll().orderBy('line').limit(100);
    return view('imports/show', {
      progress,
      problems: await problems.where('import_id', '=', progress.id).execute(),
    });
  }
}
