/** A request of one of our own pages. `clientId` says which page, and cannot be forged. */
export type PageRequest = { readonly request: Request; readonly url: URL; readonly clientId: string }

export type FetchHandler = {
  canHandle(asked: PageRequest): boolean
  handle(asked: PageRequest): Promise<Response>
}

/**
 * The first handler that can takes a request; what none can goes to the browser as if there were no worker.
 * The order is the architecture: read it from the top.
 */
export const findHandler = (
  handlers: readonly FetchHandler[],
  asked: PageRequest,
): FetchHandler | undefined => handlers.find(handler => handler.canHandle(asked))
