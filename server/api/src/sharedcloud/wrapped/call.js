
;Promise.resolve()
  .then(() => handler(SKEP_EVENT))
  .then((result) => console.log(SKEP_MARK + JSON.stringify(result === undefined ? null : result)))
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
