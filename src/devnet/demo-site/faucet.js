const form = document.querySelector('#faucet')
const answer = form.querySelector('output')

// A wallet that sends somebody here says for whom.
form.elements.address.value = new URLSearchParams(location.search).get('address') ?? ''

form.addEventListener('submit', async event => {
  event.preventDefault()
  answer.value = 'Sending …'
  const reply = await fetch('/faucet', { method: 'POST', body: form.elements.address.value.trim() }).catch(
    () => undefined,
  )
  answer.value = reply ? await reply.text() : 'The faucet did not answer. Is the devnet still running?'
})
