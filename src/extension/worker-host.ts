/**
 * Runs in the offscreen document: hands ports for the node to its Worker, which is started by the first and started
 * anew after it failed. The document itself shares its thread with the players, so nothing else happens here.
 */
export function hostWorker(): void {
  let worker: Worker | undefined

  const start = (): Worker => {
    const started = new Worker(chrome.runtime.getURL('node-worker.js'), { name: 'paratii-node' })
    // A node that nobody has asked for long ends, and this page with it; the next question makes both anew.
    started.addEventListener('message', ({ data }) => {
      if (data?.type === 'idle') window.close()
    })
    started.addEventListener('error', () => {
      // Its ports close with it, so that whoever waits hears of it and asks again.
      started.terminate()
      if (worker === started) worker = undefined
    })
    return started
  }

  navigator.serviceWorker.addEventListener('message', ({ data, ports, source }) => {
    const [port] = ports
    if (data?.type !== 'connect' || port === undefined || !(source instanceof ServiceWorker)) return
    worker ??= start()
    worker.postMessage({ type: 'connect' }, [port])
  })
  navigator.serviceWorker.startMessages()
}
