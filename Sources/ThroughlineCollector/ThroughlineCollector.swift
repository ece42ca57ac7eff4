/// Holds the folder's place until its module moves in.
