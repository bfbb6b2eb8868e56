import type { Page } from 'playwright'

export interface ExtensionStore {
  local: Record<string, unknown>
  /** Of every table of IndexedDB. */
  rows: [database: string, key: IDBValidKey, value: unknown][]
}

/** All that the extension keeps that says something of money, as one of its own pages sees it. */
export async function readExtensionStore(page: Page): Promise<ExtensionStore> {
  return await page.evaluate(async () => {
    const finished = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    const rows: [database: string, key: IDBValidKey, value: unknown][] = []
    for (const { name = '' } of await indexedDB.databases()) {
      const database = await finished(indexedDB.open(name))
      for (const store of database.objectStoreNames) {
        const opened = database.transaction(store).objectStore(store)
        const [keys, values] = await Promise.all([
          finished(opened.getAllKeys()),
          finished(opened.getAll() as IDBRequest<unknown[]>),
        ])
        for (const [at, key] of keys.entries()) rows.push([name, key, values[at]])
      }
      database.close()
    }
    return { local: await chrome.storage.local.get(null), rows }
  })
}
