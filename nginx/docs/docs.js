// One page for the public API of both services: their OpenAPI documents, merged.
async function load(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.json();
}

function merged(users, records) {
  const components = {};
  for (const document of [users, records]) {
    for (const [kind, named] of Object.entries(document.components ?? {})) {
      components[kind] = {...components[kind], ...named};
    }
  }
  return {
    openapi: users.openapi,
    info: {
      title: "Recordings API",
      version: users.info.version,
      description: "Send a WAV, get a link that plays and downloads as MP3.",
    },
    paths: {...users.paths, ...records.paths},
    components,
  };
}

Promise.all([load("/docs/users.json"), load("/docs/records.json")])
  .then(([users, records]) => SwaggerUIBundle({dom_id: "#api", spec: merged(users, records), deepLinking: true}))
  .catch((error) => {
    document.getElementById("api").textContent = `The API's description could not be loaded: ${error.message}`;
  });
