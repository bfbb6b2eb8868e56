/**
 * Runs in the offscreen document: hands ports for the node, and for the reader of what is public, to their Workers, each
 * started by the first and started anew after it failed. The document itself shares its thread with the players, so
 * nothing else happens here.
 */
export function hostWorker(): void {
  const workers = new Map<string, Worker>()

  const workerOf = (file: string): Worker => {
    const present = workers.get(file)
    if (present !== undefined) return present
    const started = new Worker(chrome.runtime.getURL(file), { name: file })
    workers.set(file, started)
    // A node that nobody has asked for long ends, and this page with it; the next question makes both anew.
    started.addEventListener('message', ({ data }) => {
      if (data?.type === 'idle') window.close()
    })
    started.addEventListener('error', () => {
      // Its ports close with it, so that whoever waits hears of it and asks again.
      started.terminate()
      if (workers.get(file) === started) workers.delete(file)
    })
    return started
  }

  navigator.serviceWorker.addEventListener('message', ({ data, ports, source }) => {
    const [port] = ports
    if (port === undefined || !(source instanceof ServiceWorker)) return
    if (data?.type === 'connect') workerOf('node-worker.js').postMessage({ type: 'connect' }, [port])
    else workerOf('reader-worker.js').postMessage(data, [port])
  })
  navigator.serviceWorker.startMessages()
}
