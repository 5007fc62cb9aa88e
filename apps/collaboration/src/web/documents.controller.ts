import {
  BadRequestException,
  Controller,
  ForbiddenException,
  Get,
  HttpCode,
  type MessageEvent,
  NotFoundException,
  Param,
  Post,
  Sse,
  UseGuards,
} from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import { CollaborationOptions } from '../collaboration-options';
import { documentName, DocumentNameError } from '../gateway/document-name';
import { AccessGuard } from './access.guard';
import { DocumentList, type DocumentsView } from './document-list';
import { NodeControl } from './node-control';

/** What the page asks of the server. */
@Controller('api/documents')
@UseGuards(AccessGuard)
export class DocumentsController {
  readonly #list: DocumentList;
  readonly #control: NodeControl;
  readonly #options: CollaborationOptions;

  constructor(list: DocumentList, control: NodeControl, options: CollaborationOptions) {
    this.#list = list;
    this.#control = control;
    this.#options = options;
  }

  @Get()
  async documents(): Promise<DocumentsView> {
    return await this.#list.view();
  }

  @Sse('events')
  events(): Observable<MessageEvent> {
    return this.#list.changes().pipe(map((view) => ({ type: 'documents', data: view })));
  }

  /** Kills what holds a document, to show what happens then: its node, or its processes if the node shares its operating-system process. */
  @Post(':name/kill')
  @HttpCode(202)
  async kill(@Param('name') given: string): Promise<{ readonly killed: string }> {
    if (!this.#options.isDemonstration)
      throw new ForbiddenException('Only a demonstration kills on request. Nothing was killed.');
    const name = nameIn(given);
    const supervisor = this.#list.supervisorOf(name);
    if (supervisor === undefined) throw new NotFoundException(`No node holds '${name}'. Nothing was killed.`);
    await this.#control.kill(supervisor.pid);
    return { killed: supervisor.pid.node };
  }
}

function nameIn(given: string): string {
  try {
    return documentName(given);
  } catch (error) {
    if (error instanceof DocumentNameError) throw new BadRequestException(error.message);
    throw error;
  }
}
