/**
 * An error as its code and parameters, without the sentence. What runs in a disk thread throws this one: the catalogue of sentences
 * and the schemas need not be loaded to move bytes. It crosses to the core as data and becomes an `AppError` there.
 */
import type { MessageCode } from '../messages/catalogue.ts';
import type { Message, MessageParams } from './message.ts';

export interface CodedErrorOptions {
  cause?: unknown;
  /** True where trying the same call again may succeed without anybody changing anything. */
  isRetryable?: boolean;
}

export class CodedError extends Error {
  readonly code: MessageCode;
  readonly params: MessageParams;
  readonly isRetryable: boolean;

  constructor(code: MessageCode, params: MessageParams = {}, options: CodedErrorOptions = {}, sentence = `${code} ${JSON.stringify(params)}`) {
    super(sentence, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CodedError';
    this.code = code;
    this.params = params;
    this.isRetryable = options.isRetryable ?? false;
  }

  /** The error as a sentence, to store or to show. */
  get asMessage(): Message {
    return { code: this.code, params: this.params };
  }
}
