/** Evaluates in one page, and clicks and types there as a person would. */
export type Page = {
  /** Runs a function that uses nothing of its surroundings in the page; arguments and result travel as JSON. */
  evaluate<A extends readonly unknown[], R>(run: (...args: A) => R | Promise<R>, ...args: A): Promise<R>
  /** Runs a script as it is, whatever the page's policy says of scripts. */
  addScript(code: string): Promise<void>
  /** Resolves with the first result that is neither null nor undefined nor false. */
  waitFor<A extends readonly unknown[], R>(
    look: (...args: A) => R | Promise<R>,
    ...args: A
  ): Promise<NonNullable<R>>
  /** Presses the first element that matches, once it is there and enabled. */
  click(selector: string): Promise<void>
  /** Replaces the text of the field at this place among those that match. */
  type(selector: string, place: number, text: string): Promise<void>
  goTo(url: string): Promise<void>
  /** What scripts of the page hold, after a collection of garbage. */
  heapBytes(): Promise<number>
  close(): Promise<void>
}

export type Target = { readonly targetId: string; readonly type: string; readonly url: string }

/** A browser over the Chrome DevTools Protocol. No domain that reports events is ever enabled: they cost CPU. */
export type Devtools = {
  version(): Promise<string>
  targets(): Promise<readonly Target[]>
  openPage(url: string): Promise<Page>
  closeTarget(targetId: string): Promise<void>
  /** Asks the browser to end. */
  end(): Promise<void>
}

type Answer = {
  readonly id: number
  readonly result?: unknown
  readonly error?: { readonly message: string }
}
type Evaluated = {
  readonly result: { readonly value?: unknown }
  readonly exceptionDetails?: {
    readonly text: string
    readonly exception?: { readonly description?: string }
  }
}
type Waiting = { resolve(result: unknown): void; reject(error: Error): void }
type Send = <R>(method: string, params?: object) => Promise<R>

const pollMs = 50
const waitMs = 60_000
const callMs = 180_000

export const connectDevtools = async (url: string): Promise<Devtools> => {
  const socket = new WebSocket(url)
  const waiting = new Map<number, Waiting>()
  const failAll = (): void => {
    for (const { reject } of waiting.values()) reject(new Error('the browser is gone'))
    waiting.clear()
  }
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve())
    socket.addEventListener('error', () => reject(new Error(`no browser at ${url}`)))
  })
  socket.addEventListener('close', failAll)
  socket.addEventListener('message', ({ data }) => {
    const { id, result, error } = JSON.parse(String(data)) as Answer
    const asker = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) asker?.resolve(result)
    else asker?.reject(new Error(error.message))
  })
  let lastId = 0
  const call = <R>(method: string, params: object, sessionId?: string): Promise<R> => {
    const id = ++lastId
    const { promise, resolve, reject } = Promise.withResolvers<R>()
    waiting.set(id, { resolve: result => resolve(result as R), reject })
    socket.send(JSON.stringify({ id, method, params, sessionId }))
    const timer = setTimeout(() => reject(new Error(`${method} took over ${callMs} ms`)), callMs)
    return promise.finally(() => clearTimeout(timer))
  }

  return {
    version: async () => (await call<{ product: string }>('Browser.getVersion', {})).product,
    targets: async () => (await call<{ targetInfos: Target[] }>('Target.getTargets', {})).targetInfos,
    async openPage(pageUrl) {
      const { targetId } = await call<{ targetId: string }>('Target.createTarget', { url: pageUrl })
      const { sessionId } = await call<{ sessionId: string }>('Target.attachToTarget', {
        targetId,
        flatten: true,
      })
      const close = () => call<void>('Target.closeTarget', { targetId })
      return createPage((method, params = {}) => call(method, params, sessionId), close)
    },
    closeTarget: targetId => call('Target.closeTarget', { targetId }),
    async end() {
      await call('Browser.close', {}).catch(() => {})
      socket.close()
    },
  }
}

const createPage = (send: Send, close: () => Promise<void>): Page => {
  const evaluate: Page['evaluate'] = async (run, ...args) => {
    const { result, exceptionDetails } = await send<Evaluated>('Runtime.evaluate', {
      expression: `(${run})(...${JSON.stringify(args)})`,
      awaitPromise: true,
      returnByValue: true,
    })
    if (exceptionDetails !== undefined)
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value as Awaited<ReturnType<typeof run>>
  }
  const waitFor: Page['waitFor'] = async (look, ...args) => {
    for (const startedAt = performance.now(); ; ) {
      // A page that is just being loaded has nothing to look at yet.
      const found = await evaluate(look, ...args).catch(() => undefined)
      if (found !== undefined && found !== null && found !== false) return found
      if (performance.now() - startedAt > waitMs)
        throw new Error(
          `waited in vain for ${look} ${JSON.stringify(args)}; the page says: ${await textOf()}`,
        )
      await new Promise(resolve => setTimeout(resolve, pollMs))
    }
  }
  const textOf = () => evaluate(() => document.body.textContent)
  return {
    evaluate,
    waitFor,
    async addScript(code) {
      const { exceptionDetails } = await send<Evaluated>('Runtime.evaluate', { expression: code })
      if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text)
    },
    async click(selector) {
      await waitFor(wanted => {
        const element = document.querySelector<HTMLButtonElement>(wanted)
        if (element === null || element.disabled) return false
        element.click()
        return true
      }, selector)
    },
    async type(selector, place, text) {
      await waitFor(
        (wanted, at) => {
          const field = document.querySelectorAll<HTMLInputElement>(wanted)[at]
          field?.focus()
          field?.select()
          return field !== undefined
        },
        selector,
        place,
      )
      await send('Input.insertText', { text })
    },
    async goTo(url) {
      await send('Page.navigate', { url })
    },
    async heapBytes() {
      await send('HeapProfiler.collectGarbage')
      return (await send<{ usedSize: number }>('Runtime.getHeapUsage')).usedSize
    },
    close,
  }
}
