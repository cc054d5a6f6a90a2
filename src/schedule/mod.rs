//! Who is due when. The only spawner of scheduled runs.
