// Comes back to the dashboard as soon as the data store answers.

import { Poller } from "./poller.js";

const poller = new Poller(`/api/stats${location.search}`, {
  onData: () => location.reload(),
  onFailure: ({ status }) => {
    if (status === 401 || status === 403) location.assign("/login?next=/");
  },
});
poller.start();
